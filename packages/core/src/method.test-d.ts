// What the types of methods, links and merging allow.
import type { Tensor } from '@tensorflow/tfjs-core';
import { expectTypeOf } from 'vitest';
import type { Adapter } from './adapter.ts';
import { affinePart } from './affine.ts';
import type { Host, Undo } from './host.ts';
import { type Merged, merge, type Unmerge } from './merge.ts';
import type { Method, Part } from './method.ts';
import type { AttentionInput, EmbeddingSite, LinearSite, Link, NormInput, Sequence } from './site.ts';

// A part sees the site and the input of its own kind.
expectTypeOf<Parameters<Part<'linear'>['params']>[0]>().toEqualTypeOf<LinearSite>();
expectTypeOf<Parameters<Part<'attention'>['forward']>[0]['x']>().toEqualTypeOf<AttentionInput>();
expectTypeOf<ReturnType<Part<'sequence'>['forward']>>().toEqualTypeOf<Sequence>();
expectTypeOf<Parameters<Link<'norm'>>[1]>().toEqualTypeOf<NormInput>();
expectTypeOf<ReturnType<Link<'linear'>>>().toEqualTypeOf<Tensor>();
expectTypeOf(affinePart({ params: () => ({}), affine: () => ({}) })).toEqualTypeOf<Part<'linear'>>();

const linear = {} as Part<'linear'>;
const head = { type: 'T', targets: { modules: ['q_proj'] }, config: () => ({}) } as const;
expectTypeOf({ ...head, on: { linear } }).toExtend<Method>();
// @ts-expect-error a part belongs to one kind of site
({ ...head, on: { embedding: linear } }) satisfies Method;
// @ts-expect-error there is no such kind
({ ...head, on: { recurrent: linear } }) satisfies Method;

declare const host: Host;
declare const table: EmbeddingSite;
expectTypeOf(host.wrap<'embedding'>(table, (base, ids) => base(ids))).toEqualTypeOf<Undo>();
// @ts-expect-error a link gives what the kind gives
host.wrap<'embedding'>(table, () => 1);

declare const adapter: Adapter;
expectTypeOf(merge(adapter)).resolves.toEqualTypeOf<Unmerge>();
expectTypeOf(merge(adapter, { final: true })).resolves.toEqualTypeOf<Merged>();
expectTypeOf<Unmerge>().toExtend<Undo>();
