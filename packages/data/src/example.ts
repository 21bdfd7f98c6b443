/** One turn of a conversation. */
export interface Message {
  readonly role: string;
  readonly content: string;
}

interface Common {
  /** The number of its task, where there are several. */
  readonly task?: number;
  /** Where an example was read, as `train.jsonl:17`. It is shown in errors and is no part of the example's content. */
  readonly origin?: string;
}

/** One example to train on: a text, a prompt and its completion, or a conversation. A data set may mix the three. */
export type Example =
  | ({ readonly kind: 'text'; readonly text: string } & Common)
  | ({ readonly kind: 'completion'; readonly prompt: string; readonly completion: string } & Common)
  | ({ readonly kind: 'messages'; readonly messages: readonly Message[] } & Common);
