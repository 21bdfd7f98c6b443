// The chart of the curves, drawn by uPlot on a canvas.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { COLORS, type Column, type Curves } from '../curves.ts';

export interface LossChart {
  /** Draws the curves; `again` where colors have changed. */
  draw(curves: Curves, again?: boolean): void;
  destroy(): void;
}

const HEIGHT = 280;

export function lossChart(place: HTMLElement): LossChart {
  let plot: uPlot | undefined;
  let shape = '';
  const fit = new ResizeObserver(() => plot?.setSize({ width: place.clientWidth, height: HEIGHT }));
  fit.observe(place);

  function draw(curves: Curves, again = false): void {
    const data = [[...curves.steps], ...curves.columns.map(({ values }) => [...values])] as uPlot.AlignedData;
    const now = curves.columns.map(({ kind, run, current }) => `${kind} ${run} ${current}`).join();
    if (plot !== undefined && now === shape && !again) {
      plot.setData(data);
      return;
    }
    shape = now;
    plot?.destroy();
    plot = undefined;
    if (curves.columns.length > 0) plot = new uPlot(optionsOf(place, curves), data, place);
  }

  return {
    draw,
    destroy() {
      fit.disconnect();
      plot?.destroy();
    },
  };
}

function optionsOf(place: HTMLElement, { columns }: Curves): uPlot.Options {
  const style = getComputedStyle(place);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  const font = `12px ${style.fontFamily}`;
  const axis = { stroke: color('--vp-c-text-2'), font, ticks: { show: false } };
  const grid = { stroke: color('--vp-c-divider'), width: 1 };
  return {
    width: place.clientWidth,
    height: HEIGHT,
    padding: [12, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: { x: { time: false, range: (_, least, most) => [least, Math.max(most, 10)] } },
    axes: [
      { ...axis, grid: { show: false }, size: 32, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] },
      { ...axis, grid, size: 44, values: (_, values) => values.map((value) => value.toFixed(value < 10 ? 1 : 0)) },
    ],
    series: [{}, ...columns.map((column) => seriesOf(column, color(`--pg-curve-${column.run % COLORS}`)))],
  };
}

function seriesOf({ kind, current }: Column, stroke: string): uPlot.Series {
  const held = kind === 'held out';
  return {
    stroke,
    width: current ? 2 : 1.25,
    alpha: current ? 1 : 0.65,
    spanGaps: true,
    ...(held && { dash: [5, 4] }),
    points: { show: held, size: current ? 7 : 5, fill: stroke },
  };
}
