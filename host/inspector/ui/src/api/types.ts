// The shapes of the control API, as its OpenAPI document has them.

export type Role = 'viewer' | 'operator' | 'admin';

export interface Session {
  user: string | null;
  role: Role | null;
  login_required: boolean;
  csrf: string | null;
  version: string;
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface FlowSummary {
  name: string;
  file: string;
  running_s: number;
  cameras: number;
  nodes: number;
  trouble: string | null;
}

export type CameraHealth = 'connecting' | 'live' | 'lost' | 'ended' | 'failed';
export type NodeRole = 'infer' | 'filter' | 'rule' | 'gate' | 'adapter';
/** In a status, adapters of the host itself are called what they do, and nodes that are no more `removed`. */
export type StatusRole = NodeRole | 'store' | 'device' | 'removed';
export type Counts = Record<string, number>;

/** Why there is no picture, and what to do about it. */
export interface CameraTrouble {
  kind: 'address' | 'name' | 'silent' | 'refused' | 'protocol' | 'login' | 'path' | 'video' | 'picture' | 'file' | 'recording';
  said: string;
  advice: string;
}

export interface CameraStatus {
  name: string;
  health: CameraHealth;
  /** As the program says it. */
  reason: string | null;
  /** The same in plain words. */
  trouble?: CameraTrouble | null;
  /** Since when its health is what it is, where the server says so. */
  since?: string | null;
  /** Until it is tried again, if it is lost and waits. */
  tries_again_in_s?: number | null;
  read: number;
  sampled: number;
  inferred: number;
  dropped: Counts;
  reconnects: number;
  /** What its stream is, once that is known. */
  video?: { width: number; height: number; codec: string | null; key_frame_gap_s: number | null; viewers: number } | null;
}

export interface NodeStatus {
  name: string;
  role: StatusRole;
  in: number;
  out: number;
  dropped: Counts;
  waiting: number;
  alerts: number;
  failures: number;
  /** For so many cameras its plugin was given up. */
  quarantined: number;
  p50_ms: number | null;
  p99_ms: number | null;
}

export interface OutboxStatus {
  adapter: string;
  waiting: number;
  by_camera: Counts;
  delivered: number;
  dead_letters: number;
  trouble: string | null;
  tries_again_in_s: number | null;
  quarantined: boolean;
}

export interface FlowStatus {
  flow: string;
  file: string;
  /** Since the start. */
  seconds: number;
  cameras: CameraStatus[];
  nodes: NodeStatus[];
  reloads: { applied: number; unchanged: number; refused: number; pending: string | null };
  journal: { lasts: boolean; waiting: number; commits: number; trouble: string | null };
  outboxes: OutboxStatus[];
}

export interface GraphNode {
  id: string;
  kind: 'camera' | NodeRole;
  name: string;
  group?: string | null;
  title: string;
}

export interface GraphEdge {
  from: string;
  to: string;
  carries: 'frames' | 'detections' | 'alerts';
}

export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

/** Left, top, width and height as fractions of the frame. */
export type Box = [number, number, number, number];
/** Fractions of the frame from its top left. */
export type Point = [number, number];

export interface Detection {
  class: string;
  confidence: number;
  bbox: Box;
  track: number | null;
  zones: string[];
}

export interface SeenFrame {
  camera: string;
  frame: number;
  ts: string;
  detections: Detection[];
}

export type Severity = 'info' | 'warning' | 'critical';
export type Phase = 'begin' | 'update' | 'end';

export interface Alert {
  sequence: number;
  flow: string;
  node: string;
  camera_id: string;
  key: string;
  kind: string;
  phase: Phase;
  severity: Severity;
  class: string;
  zone: string | null;
  confidence: number;
  count: number;
  ts: string;
  media_time: number;
  bbox: Box | null;
  track: number | null;
  attributes?: Record<string, unknown>;
  has_picture: boolean;
}

export interface Delivery {
  adapter: string;
  state: 'waiting' | 'delivered' | 'dead' | 'dropped' | 'unknown';
  attempts: number | null;
  reason: string | null;
  at: string | null;
}

/** What one node gave on, and what it said about it. */
export interface WhyStep {
  node: string;
  /** Which of the two lists counts. */
  role: 'detections' | 'alerts';
  detections?: Detection[];
  alerts?: WhyAlert[];
  said: string;
}

export interface WhyAlert {
  phase: Phase;
  kind: string;
  class: string;
  zone: string | null;
}

export interface AlertDetail {
  alert: Alert;
  /** What happened, in a sentence or two. */
  summary: string;
  deliveries: Delivery[];
  /** With the zones as they were then. */
  why: { frame: number; ts: string; steps: WhyStep[]; zones: Zone[] } | null;
}

export interface Incident {
  key: string;
  camera_id: string;
  kind: string;
  class: string;
  zone: string | null;
  severity: Severity;
  began: string;
  ended: string | null;
  count: number;
  first_sequence: number;
  last_sequence: number;
  has_picture: boolean;
}

export interface Zone {
  name: string;
  points: Point[];
}

export interface Camera {
  name: string;
  source: 'rtsp' | 'file' | 'recording';
  url: string;
  has_login: boolean;
  fps: number | null;
  health: CameraHealth;
  reason: string | null;
  trouble?: CameraTrouble | null;
  width: number | null;
  height: number | null;
  codec: string | null;
  key_frame_gap_s: number | null;
  clock_offset_ms?: number | null;
  models: string[];
  classes: string[];
  zones: Zone[];
  open_incidents: number;
}

export interface PluginFile {
  name: string;
  version: string;
  file: string;
  sha256: string;
  description?: string | null;
}

export interface PluginInfo extends PluginFile {
  role: NodeRole;
  used_by: string[];
  config_schema?: JsonSchema | null;
}

export interface ModelInfo {
  name: string;
  file: string;
  sha256: string;
  confidence: number;
  iou: number;
  /** Of its input, where it is loaded. */
  width: number | null;
  height: number | null;
  /** What it runs on, as ONNX Runtime calls it. */
  provider: string | null;
  classes: string[];
  used_by: string[];
}

export interface NodeDetail {
  name: string;
  role: NodeRole;
  plugin: PluginFile | null;
  model: ModelInfo | null;
  inputs: string[];
  cameras: string[];
  config: Record<string, unknown> | null;
  config_schema: JsonSchema | null;
  /** Its lines of the flow file, and the first one's number; `null` where a template made it. */
  yaml: string | null;
  line: number | null;
  allow: Record<string, unknown> | null;
  limits: { deadline_ms: number; memory_bytes: number; output_bytes: number } | null;
  on_failure: string | null;
  active: string | null;
  last_failure: Failure | null;
}

export interface Failure {
  at: string;
  camera: string | null;
  reason: string;
  message: string;
  backtrace?: string | null;
}

/** A problem with a flow file, at its place. Lines and columns count from 1, columns in characters. */
export interface FlowProblem {
  severity: 'error' | 'warning';
  code: string;
  message: string;
  help: string[];
  file: string;
  line: number | null;
  column: number | null;
  end_line: number | null;
  end_column: number | null;
}

export interface Report {
  flow: string;
  result: 'applied' | 'planned' | 'unchanged' | 'refused';
  said: string;
  /** Empty where nothing could be planned. */
  details: Partial<PlanDetails>;
  problems: FlowProblem[];
}

export interface PlanDetails {
  changes: boolean;
  cameras: Record<string, { change: 'added' | 'removed' | 'changed' }>;
  nodes: Record<string, { change: 'added' | 'removed' | 'changed' }>;
  effects?: {
    nodes: { node: string; state: string; instances: Record<string, unknown> }[];
    cameras: { camera: string; source: string }[];
  };
}

export interface Version {
  version: number;
  at: string;
  who: string | null;
  why: 'start' | 'files' | 'command' | 'signal' | 'page' | 'rollback';
  current: boolean;
  said: string;
  /** In which it differs from the one before. */
  files: string[];
}

export interface Token {
  id: string;
  name: string;
  role: Role;
  created: string;
  last_used: string | null;
}

export interface AuditEntry {
  at: string;
  who: string | null;
  /** From which address. */
  from: string;
  role: Role | null;
  what: string;
  /** The status of the answer. */
  outcome: number;
}

export interface JsonSchema {
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
  type?: string | string[];
  title?: string;
  description?: string;
  properties?: Record<string, JsonSchema>;
  additionalProperties?: boolean | JsonSchema;
  required?: string[];
  items?: JsonSchema;
  enum?: unknown[];
  const?: unknown;
  oneOf?: JsonSchema[];
  anyOf?: JsonSchema[];
  allOf?: JsonSchema[];
  default?: unknown;
  examples?: unknown[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
}

export type LiveMessage =
  | { status: FlowStatus }
  | { alert: Alert }
  | { reload: Report }
  | { left_out: number };

export type TapMessage =
  | { passed: { detections: SeenFrame } | { alert: Alert } }
  | { left_out: number }
  | { refused: string };

export type VideoMessage =
  | { config: { codec: string | null; description: string | null; width: number; height: number } }
  | { frame: SeenVideoFrame }
  | { left_out: number };

export interface SeenVideoFrame {
  pts_us: number;
  frame: number;
  ts: string;
  node: string;
  detections: Detection[];
}
