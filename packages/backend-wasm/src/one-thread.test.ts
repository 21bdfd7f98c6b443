import { describeForms } from '../test/forms-suite.ts';
import { describeProducts } from '../test/products-suite.ts';

describeProducts(1);
describeForms(1);
