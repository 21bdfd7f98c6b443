/** Buffers that move to the other side instead of being copied. */
import { transfer as mark } from 'comlink';

const moving = new WeakMap<object, Transferable[]>();

/**
 * Says that `buffers` of an event, or of a job's options, move to the other side: they are not copied, and this side can
 * no longer read them.
 *
 * @example
 * yield transfer({ adapter: bytes }, [bytes.buffer]);
 */
export function transfer<Value extends object>(value: Value, buffers: Transferable[]): Value {
  moving.set(value, buffers);
  return value;
}

/** Marks `message` so that what `value` lies in moves with it. */
export function withTransfers<Message>(message: Message, value: unknown): Message {
  const buffers = typeof value === 'object' && value !== null ? moving.get(value) : undefined;
  return buffers === undefined ? message : mark(message, buffers);
}
