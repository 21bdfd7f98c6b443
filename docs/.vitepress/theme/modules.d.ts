// What the theme imports that is no TypeScript.
declare module '*.css';
declare module '*?url' {
  /** The address under which the site serves the file. */
  const url: string;
  export default url;
}
declare module '*?raw' {
  const text: string;
  export default text;
}
declare module '*.vue' {
  import type { Component } from 'vue';

  const component: Component;
  export default component;
}
