// What a form has added to the flow file.

import type { NodeRole } from '../../api/types';

export interface NewlyAdded {
  name: string;
  role: NodeRole;
}
