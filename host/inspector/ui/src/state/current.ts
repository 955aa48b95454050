// The flow that the views below are about.

import { getContext, setContext } from 'svelte';
import type { FlowState } from './flow.svelte';

const KEY = Symbol('flow');

export function provideFlow(flow: FlowState): void {
  setContext(KEY, flow);
}

export function currentFlow(): FlowState {
  return getContext<FlowState>(KEY);
}
