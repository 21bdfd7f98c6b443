import { describeForms } from '../test/forms-suite.ts';
import { describeProducts } from '../test/products-suite.ts';
import { describeRepairs } from '../test/repairs-suite.ts';

describeProducts(2);
describeForms(2);
describeRepairs(2);
