/** One turn of a conversation. */
export interface Message {
  readonly role: string;
  readonly content: string;
}

/** Where an example was read, as `train.jsonl:17`. It is shown in errors and is no part of the example's content. */
interface Origin {
  readonly origin?: string;
}

/** One example to train on: a text, a prompt and its completion, or a conversation. A data set may mix the three. */
export type Example =
  | ({ readonly kind: 'text'; readonly text: string } & Origin)
  | ({ readonly kind: 'completion'; readonly prompt: string; readonly completion: string } & Origin)
  | ({ readonly kind: 'messages'; readonly messages: readonly Message[] } & Origin);
