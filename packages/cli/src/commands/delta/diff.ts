// `peftjs delta diff`: a delta of two models.
import { diff, type Manifest } from '@peftjs/delta';
import { command, EXIT } from '../../command.ts';
import type { Action } from '../../command-group.ts';
import { counted } from '../../figures.ts';
import { checkApart } from '../../folders/check-out.ts';
import { showDelta, workOnDelta } from '../../folders/delta-work.ts';
import { openFolder } from '../../folders/open-folder.ts';
import { flag, required, text } from '../../option.ts';
import { backendOptions } from '../../options/backend-options.ts';
import { codecChoice, codecOptions } from '../../options/delta-codec-options.ts';
import { checkDistill, distilledCodec, distillOptions } from '../../options/distill-options.ts';
import { storyOf, storyOptions } from '../../options/story-options.ts';

const options = {
  base: required(text('DIR', "the base model's folder, or its name on the hub")),
  tuned: required(text('DIR', "the fine-tuned model's folder")),
  out: required(text('DIR', 'where the delta is saved')),
  name: text('NAME', 'what the delta calls its base, such as its name on the hub; as --base says when left out'),
  'one-way': flag('leave out what only undo needs'),
  ...codecOptions,
  ...distillOptions,
  ...storyOptions,
  ...backendOptions,
};

export const action: Action = {
  summary: 'make a delta of a base and its fine-tune',
  command: command({
    name: 'delta diff',
    output: 'report',
    about: `Saves what a fine-tuned model changes in its base, tensor by tensor: bit for bit, or in fewer bytes by another codec,
whose error is said. Only --distill loads the fine-tuned model.`,
    options,
    examples: [
      ['delta diff --base models/base --tuned out/tuned --out out/delta', 'the difference, exact'],
      [
        'delta diff --base models/base --tuned out/tuned --out out/delta --codec low-rank --rank 8',
        'what 8 singular values hold',
      ],
      ['delta diff --base models/base --tuned out/tuned --out out/delta --budget 20MB --one-way', 'the best of 20 MB'],
      [
        'delta diff --base models/base --tuned out/tuned --out out/delta --codec sign --distill notes.jsonl',
        'a bit for each number, and scales that say what the fine-tuned model says',
      ],
    ],
    async run(values, run) {
      const { base, tuned, out, name } = values;
      const choose = codecChoice(values);
      checkDistill(values);
      await checkApart(out, [base, tuned]);
      const distilled = await distilledCodec(values, run);
      const { manifest } = await workOnDelta(run, async (how) => {
        const more = { ...how, baseName: name ?? base, reversible: !values['one-way'], story: storyOf(values) };
        const [before, after] = [await openFolder(base, run), await openFolder(tuned, run)];
        return diff(before, after, out, { ...more, codec: distilled ?? (await choose(before, after, more)) });
      });
      await showDelta(out, run, { action: 'diff', done: otherTypes(manifest) });
      return EXIT.ok;
    },
  }),
};

/** What makes a delta large: tensors of another type than the base's. */
function otherTypes({ tensors }: Manifest): readonly string[] {
  const found = [...tensors.values()].flatMap(({ before, after }) =>
    before && after && before.dtype !== after.dtype ? [{ base: before.dtype, tuned: after.dtype }] : [],
  );
  const [first] = found;
  if (first === undefined) return [];
  const { base, tuned } = first;
  return [
    `note     stored whole: ${counted(found.length, 'tensor')} of another type, such as ${base} in the base and ${tuned} in the tuned model; saved with --dtype ${base} (train, convert) only changes are stored`,
  ];
}
