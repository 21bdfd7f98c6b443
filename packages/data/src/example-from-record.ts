/** A record of a data file (a line's object, a table's row) as an example, checked field by field. */
import type { Example, Message } from './example.ts';
import { nearest } from './nearest.ts';
import { described, quoted, textOf, unknownField } from './record-fields.ts';
import type { RecordReader } from './record-reader.ts';

/** The fields an example is read from. */
export type Field = 'text' | 'prompt' | 'completion' | 'messages' | 'task';

/** Which fields of a record are read, where they are not called as they are here. */
export interface RecordOptions {
  /**
   * The file's own names of the fields: `{ prompt: 'question', completion: 'answer' }`. The number of an example's task is
   * read where `task` is among them, of every record.
   */
  readonly fields?: Partial<Readonly<Record<Field, string>>>;
  /** Take records that have further fields, which are left unread. Without it they are an error. */
  readonly ignoreOthers?: boolean;
}

type ContentField = Exclude<Field, 'task'>;

const FIELDS: readonly ContentField[] = ['text', 'prompt', 'completion', 'messages'];
const KINDS: readonly (readonly ContentField[])[] = [['text'], ['prompt', 'completion'], ['messages']];
const ROLES: readonly string[] = ['system', 'developer', 'user', 'assistant', 'tool', 'function'];

/** Reads examples to train a language model on: texts, completions, conversations. */
export function exampleReader(options: RecordOptions): RecordReader<Example> {
  const names = fieldNames(options);
  return {
    columns: (all, origin) => usedFields(all, origin, options).map((field) => names.get(field)!),
    json: [names.get('messages')!],
    read: (record, origin) => exampleFromRecord(record, origin, options),
  };
}

/** The names under which the fields stand in the file. */
function fieldNames(options: RecordOptions): ReadonlyMap<Field, string> {
  const names = new Map<Field, string>(FIELDS.map((field) => [field, options.fields?.[field] ?? field]));
  const task = options.fields?.task;
  return task === undefined ? names : names.set('task', task);
}

/**
 * Which fields a record with these names is read from. `origin` begins the error where a name is unknown, where a field
 * is missing or where the names belong to two kinds of example.
 */
function usedFields(
  names: readonly string[],
  origin: string,
  options: RecordOptions,
): readonly [ContentField, ...Field[]] {
  const known = fieldNames(options);
  const used = FIELDS.filter((field) => names.includes(known.get(field)!));
  const unknown = names.find((name) => ![...known.values()].includes(name));
  if (unknown !== undefined && !options.ignoreOthers) throw unknownField(unknown, [...known.values()], origin);
  const kind = KINDS.find((fields) => fields.some((field) => used.includes(field)));
  if (kind === undefined) {
    throw new Error(
      `[peftjs/data] ${origin} has ${names.length === 0 ? 'no fields' : `the fields ${quoted(names)}`}: it needs text, or prompt and completion, or messages`,
    );
  }
  const missing = kind.find((field) => !used.includes(field));
  if (missing !== undefined) {
    const given = kind.find((field) => used.includes(field))!;
    throw new Error(`[peftjs/data] ${origin} has "${known.get(given)}" but no "${known.get(missing)}"`);
  }
  const extra = used.find((field) => !kind.includes(field));
  if (extra !== undefined) {
    throw new Error(
      `[peftjs/data] ${origin} has both "${known.get(kind[0]!)}" and "${known.get(extra)}": an example is of one kind`,
    );
  }
  const task = known.get('task');
  if (task === undefined) return kind as readonly [ContentField];
  if (!names.includes(task)) throw new Error(`[peftjs/data] ${origin} has no "${task}", the number of its task`);
  return [...(kind as readonly [ContentField]), 'task'];
}

/** The example in a record, or null where it is an empty text, which holds nothing to train on. */
function exampleFromRecord(
  record: Readonly<Record<string, unknown>>,
  origin: string,
  options: RecordOptions,
): Example | null {
  const names = fieldNames(options);
  const [field] = usedFields(Object.keys(record), origin, options);
  const value = (of: Field): unknown => record[names.get(of)!];
  const text = (of: Field): string => textOf(value(of), `${origin}: "${names.get(of)}"`);
  const common = names.has('task')
    ? { task: taskOf(value('task'), `${origin}: "${names.get('task')}"`), origin }
    : { origin };
  switch (field) {
    case 'messages':
      return {
        kind: 'messages',
        messages: messagesOf(value('messages'), `${origin}: "${names.get(field)}"`),
        ...common,
      };
    case 'prompt': {
      const completion = text('completion');
      if (completion === '') {
        throw new Error(`[peftjs/data] ${origin}: "${names.get('completion')}" is empty: there is nothing to learn`);
      }
      return { kind: 'completion', prompt: text('prompt'), completion, ...common };
    }
    default: {
      const content = text('text');
      return content === '' ? null : { kind: 'text', text: content, ...common };
    }
  }
}

/** A number, or one in a cell of text. */
function taskOf(value: unknown, where: string): number {
  const task = typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value ?? Number.NaN);
  if (Number.isSafeInteger(task) && task >= 0 && typeof value !== 'boolean') return task;
  const found = typeof value === 'number' || typeof value === 'string' ? JSON.stringify(value) : described(value);
  throw new Error(`[peftjs/data] ${where} is ${found}; number the tasks, from 0`);
}

function messagesOf(value: unknown, where: string): readonly Message[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw new Error(`[peftjs/data] ${where} is ${described(value)}, not a list of { role, content }`);
  }
  return value.map((message: unknown, i) => messageOf(message, `${where}[${i}]`));
}

function messageOf(value: unknown, where: string): Message {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`[peftjs/data] ${where} is ${described(value)}, not { role, content }`);
  }
  const { role, content, ...others } = value as Record<string, unknown>;
  const unread = Object.entries(others).find(([, other]) => other !== null && other !== undefined);
  if (unread !== undefined) {
    const near = nearest(unread[0], ['role', 'content']);
    const advice = near === null ? 'a message is { role, content }' : `nearest: "${near}"`;
    throw new Error(`[peftjs/data] ${where} has the unknown field "${unread[0]}"; ${advice}`);
  }
  if (typeof role !== 'string' || !ROLES.includes(role)) {
    const near = typeof role === 'string' ? nearest(role, ROLES) : null;
    const advice = near === null ? `known are ${quoted(ROLES)}` : `nearest: "${near}"`;
    throw new Error(`[peftjs/data] ${where} has the role ${JSON.stringify(role) ?? 'undefined'}; ${advice}`);
  }
  return { role, content: textOf(content, `${where}.content`) };
}
