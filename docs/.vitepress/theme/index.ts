// The default theme with our colors, hovers that show types, and tables of measured figures.
import '@shikijs/vitepress-twoslash/style.css';
import TwoslashFloatingVue from '@shikijs/vitepress-twoslash/client';
import type { Theme } from 'vitepress';
import DefaultTheme from 'vitepress/theme';
import BenchmarkTable from './BenchmarkTable.vue';
import BundleSize from './BundleSize.vue';
import QuickstartRecord from './QuickstartRecord.vue';
import RecipeRecord from './RecipeRecord.vue';
import './style.css';

const theme: Theme = {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.use(TwoslashFloatingVue);
    app.component('BenchmarkTable', BenchmarkTable);
    app.component('BundleSize', BundleSize);
    app.component('QuickstartRecord', QuickstartRecord);
    app.component('RecipeRecord', RecipeRecord);
  },
};

export default theme;
