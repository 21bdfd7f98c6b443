// Which of a tensor's numbers leave their octave, from a base to a tuned one: what undoing an exact change has to be told. Numbers
// come in blocks, each with a level; memory behind the last one's end may be read.
export { enter } from './leaving/enter';
export { ENDS, FREE, NEXT, STAYED } from './leaving/layout';
export { leave } from './leaving/leave';
export { setForm } from './leaving/nearness';
