// A curve of losses as lines of text.
import { plot } from 'asciichart';

const WIDTH = 64;
const HEIGHT = 9;

/** The losses of all steps, averaged to what fits; empty where there are too few. */
export function lossChart(losses: readonly number[]): readonly string[] {
  if (losses.length < 2) return [];
  const points = Math.min(WIDTH, losses.length);
  const means = Array.from({ length: points }, (_, i) => {
    const part = losses.slice(Math.floor((i * losses.length) / points), Math.floor(((i + 1) * losses.length) / points));
    return part.reduce((sum, loss) => sum + loss, 0) / part.length;
  });
  const format = (value: number) => value.toFixed(3).padStart(9);
  const axis = `${' '.repeat(10)}└${'─'.repeat(points)} step ${losses.length}`;
  return [...plot(means, { height: HEIGHT, format }).split('\n'), axis];
}
