// Several commands with a word in common, as `peftjs delta diff` and `peftjs delta apply`: one for each file of a folder.
import type { Command } from './command.ts';
import { modulesIn } from './modules-in.ts';

/** What a file of the folder exports as `action`. */
export interface Action {
  /** A line of the group's help. */
  readonly summary: string;
  /** Named by the group's word and its own, which is the file's name. */
  readonly command: Command;
}

export interface CommandGroup {
  readonly name: string;
  /** Lines of the help: what its commands are for. */
  readonly about: string;
  readonly actions: ReadonlyMap<string, Action>;
}

export async function commandGroup(name: string, about: string, folder: URL): Promise<CommandGroup> {
  return { name, about, actions: new Map(await modulesIn<Action>(folder, 'action')) };
}
