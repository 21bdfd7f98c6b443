import { describe, expect, it } from 'vitest';
import { checkBase } from './check-base.ts';

const base = { name: 'org/a', fingerprint: 'sha256:aa' };
const other = { name: 'org/b', fingerprint: 'sha256:bb' };

describe('checkBase', () => {
  it('takes the same weights under any name, and an adapter that says nothing', () => {
    expect(() => checkBase({ base }, { name: 'elsewhere', fingerprint: 'sha256:aa' })).not.toThrow();
    expect(() => checkBase(null, base)).not.toThrow();
  });

  it('names both fingerprints', () => {
    expect(() => checkBase({ base }, other)).toThrow(
      '[peftjs/checkpoint] the adapter was made for "org/a" (sha256:aa), this base is "org/b" (sha256:bb)',
    );
  });

  it('says what the base is called here, or else which known name is nearest', () => {
    const known = [
      { name: 'models/renamed', fingerprint: 'sha256:aa' },
      { name: 'x/a', fingerprint: 'sha256:cc' },
    ];
    expect(() => checkBase({ base }, other, known)).toThrow(/made for, known here as "models\/renamed"$/);
    expect(() => checkBase({ base }, other, known.slice(1))).toThrow(/; nearest known name: "x\/a" \(sha256:cc\)$/);
    const given = { name: 'given/a', fingerprint: other.fingerprint };
    expect(() => checkBase({ base }, other, [given])).toThrow(/load it onto the base it was made for$/);
    const far = [{ name: 'something/else-entirely', fingerprint: 'sha256:dd' }];
    expect(() => checkBase({ base }, other, far)).toThrow(/load it onto the base it was made for$/);
  });
});
