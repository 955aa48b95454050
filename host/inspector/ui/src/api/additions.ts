// What is added to a flow, as the OpenAPI document has it.

import type { CameraTrouble, Report, Severity } from './types';

export interface CameraAddress {
  url: string;
  user?: string;
  password?: string;
  /** A camera whose login is used where none is given. */
  login_of?: string;
}

export interface CameraTrial {
  /** Without a login. */
  url: string;
  trouble: CameraTrouble | null;
  picture: { jpeg: string; width: number; height: number; codec: string } | null;
  took_ms: number;
}

export interface ModelFile {
  path: string;
  name: string;
  classes: string[];
  /** It came with Agave, and is put beside the flow file when it is chosen. */
  is_shipped: boolean;
}

export interface ReceivedModel {
  path: string;
  name: string;
  classes: string[];
  width: number;
  height: number;
}

export interface Rule {
  name: string;
  plugin: string;
  cameras: string[];
  zone: string | null;
  classes: string[] | null;
  after: string | null;
  severity: Severity | null;
  gate: string | null;
  hold: string | null;
}

export interface ModelFiles {
  items: ModelFile[];
  folders: string[];
  is_needed: boolean;
}

export interface Addition {
  report: Report;
  /** What stands in the flow file with it. */
  text: string;
}
