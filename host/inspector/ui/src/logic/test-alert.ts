// What became of a test alert, in words.

import type { TestAlert } from '../api/deliveries';
import { milliseconds } from './units';
import type { Wellness } from './words';

export function testWords(test: TestAlert): { wellness: Wellness; word: string; more: string } {
  const said = test.said ? `${capital(test.said)}.` : '';
  switch (test.outcome) {
    case 'delivered':
      return { wellness: 'ok', word: `Arrived after ${milliseconds(test.took_ms)}`, more: `The receiver took an alert of the kind “test” from ${test.camera}, and its end. It stands in no list here.` };
    case 'refused':
      return { wellness: 'bad', word: 'The receiver refused it', more: `${said} Alerts would be refused as well.`.trimStart() };
    case 'not_now':
      return { wellness: 'warn', word: 'It did not arrive', more: `${said} An alert would be tried again; a test is not.`.trimStart() };
    case 'unheard':
      return { wellness: 'warn', word: 'Nobody has said that it arrived', more: said };
    case 'failed':
      return { wellness: 'bad', word: 'The plugin failed over it', more: said };
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1).replace(/\.$/, '');
}
