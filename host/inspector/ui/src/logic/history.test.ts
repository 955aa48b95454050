import { expect, it } from 'vitest';
import { History } from './history';

it('goes back and forth, and a new step ends what could be redone', () => {
  const history = new History(1);
  history.push(2);
  history.push(3);
  expect(history.undo()).toBe(2);
  expect(history.undo()).toBe(1);
  expect(history.undo()).toBe(1);
  expect(history.redo()).toBe(2);
  history.push(4);
  expect(history.canRedo).toBe(false);
  expect(history.undo()).toBe(2);
});

it('keeps a bounded number of steps', () => {
  const history = new History(0);
  for (let step = 1; step <= 500; step += 1) history.push(step);
  let steps = 0;
  while (history.canUndo) {
    history.undo();
    steps += 1;
  }
  expect(steps).toBe(200);
});
