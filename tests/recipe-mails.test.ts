// What the recipe spam reads of a mail, and which mails it keeps.
import { describe, expect, it } from 'vitest';
import { distinct } from '../recipes/spam/distinct.mjs';
import { mailText } from '../recipes/spam/mail-text.mjs';

const mail = (headers: string, body: string): string => `From a@b  Fri Aug 23 11:03:26 2002\n${headers}\n\n${body}`;

describe('the text of a mail', () => {
  it('is subject and body, without routes, lists, quotes and what stands below', async () => {
    const raw = mail(
      'Received: from mail.example\nSubject: Re: [ILUG] Which   kernel?\nList-Id: <ilug.linux.ie>',
      'On Friday somebody wrote:\n> an old question\n\n  2.4.19, of course.\n-- \nIrish Linux Users Group\n',
    );
    expect(await mailText(raw)).toEqual({
      subject: 'Re: Which kernel?',
      body: 'On Friday somebody wrote: 2.4.19, of course.',
    });
    const list = mail('Subject: a', 'Hello\n_______________________________________________\nfork mailing list\n');
    expect((await mailText(list)).body).toBe('Hello');
    const onward = mail('Subject: a', 'See below\n-----Original Message-----\nFrom: x\n');
    expect((await mailText(onward)).body).toBe('See below');
  });

  it('is decoded: encoded words, quoted-printable, base64, charsets', async () => {
    const headers = 'Subject: =?iso-8859-1?Q?caf=E9?=\nContent-Type: text/plain; charset=iso-8859-1';
    const quoted = mail(`${headers}\nContent-Transfer-Encoding: quoted-printable`, 'caf=E9 and=\n more');
    expect(await mailText(quoted)).toEqual({ subject: 'café', body: 'café and more' });
    const coded = mail(`Subject: a\nContent-Transfer-Encoding: base64`, btoa('a word'));
    expect((await mailText(coded)).body).toBe('a word');
  });

  it('is what HTML shows, declared or not', async () => {
    const html =
      '<html><head><style>p { color: red }</style></head><body><p>Buy <a href="http://x.y">now</a></p></body>';
    const declared = mail('Subject: a\nContent-Type: text/html', html);
    expect((await mailText(declared)).body).toBe('Buy now');
    expect((await mailText(mail('Subject: a', html))).body).toBe('Buy now');
  });

  it('is the plain one of two', async () => {
    const parts = '--x\nContent-Type: text/plain\n\nplain\n--x\nContent-Type: text/html\n\n<b>bold</b>\n--x--\n';
    const both = mail('Subject: a\nContent-Type: multipart/alternative; boundary=x', parts);
    expect((await mailText(both)).body).toBe('plain');
  });
});

describe('distinct mails', () => {
  const words = (from: number, to: number): string =>
    Array.from(
      { length: to - from },
      (_, i) => `word${String.fromCharCode(97 + ((from + i) % 26)).repeat(1 + (from + i) / 26)}`,
    ).join(' ');

  it('are the first of their subject, whatever is put before it', () => {
    const mails = [
      { subject: 'Which kernel?', body: words(0, 20) },
      { subject: 'RE: Re: which kernel', body: words(100, 120) },
      { subject: 'Which kernel, then?', body: words(200, 220) },
    ];
    expect(distinct(mails)).toEqual([mails[0], mails[2]]);
  });

  it('are the first of their copies, with some words changed', () => {
    const mails = [
      { subject: 'a', body: words(0, 60) },
      { subject: 'b', body: `${words(0, 45)} ${words(300, 315)}` },
      { subject: 'c', body: `${words(0, 20)} ${words(400, 440)}` },
    ];
    expect(distinct(mails)).toEqual([mails[0], mails[2]]);
  });

  it('say something, and need no subject', () => {
    const mails = [
      { subject: '', body: words(0, 20) },
      { subject: '', body: words(100, 120) },
      { subject: 'hi', body: '1234 !!!' },
    ];
    expect(distinct(mails)).toEqual(mails.slice(0, 2));
  });
});
