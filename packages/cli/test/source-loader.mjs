// For `node --import`: lets this process and its children import TypeScript.
import { register } from 'node:module';

register('../../../tests/fixtures/source-loader.mjs', import.meta.url);
