import { diskFolder, memoryFolder } from '@peftjs/checkpoint';
import { test } from 'vitest';
import { expectGolden } from '../test/golden-suite.ts';

const onDisk = (path: string) => diskFolder(new URL(`../../../${path}`, import.meta.url).pathname);

test('the golden delta makes the bytes that it made', () =>
  expectGolden(onDisk('golden/delta/base'), onDisk, memoryFolder()));
