// @ts-check
/** What is learned, unless something else is typed. */
export const TEXTS = [
  'The harbor opens at six. Boats leave in the order in which they came.',
  'Nobody who has rowed the bay at night forgets the sound of the buoys.',
  'The keeper writes the weather down twice a day, and the ships once.',
  'When the fog comes in, the bell is rung until the last boat answers.',
];
