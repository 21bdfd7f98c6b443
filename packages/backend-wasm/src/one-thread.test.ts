import { describeProducts } from '../test/products-suite.ts';

describeProducts(1);
