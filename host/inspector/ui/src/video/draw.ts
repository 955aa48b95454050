// Boxes, tracks and alerts over the picture. Colours come from the page's tokens; what an alert is
// about has a thicker line and its word, not only another colour.

import type { Box, Detection, Point, SeenVideoFrame } from '../api/types';

export interface Marked {
  box: Box;
  label: string;
}

export interface Scene {
  detections: readonly Detection[];
  trail: readonly SeenVideoFrame[];
  alerts: readonly Marked[];
  /** Labels of boxes of this class only; of all with `null`. */
  labels: boolean;
}

export interface Palette {
  box: string;
  inZone: string;
  alert: string;
  label: string;
  onLabel: string;
}

export function palette(element: Element): Palette {
  const style = getComputedStyle(element);
  const token = (name: string): string => style.getPropertyValue(name).trim();
  return {
    box: token('--video-box'),
    inZone: token('--video-in-zone'),
    alert: token('--video-alert'),
    label: token('--video-label'),
    onLabel: token('--video-on-label'),
  };
}

/** Draws onto a canvas whose size is that of the element on the screen, in device pixels. */
export function drawScene(canvas: HTMLCanvasElement, scene: Scene, colours: Palette): void {
  const ratio = Math.min(2, devicePixelRatio || 1);
  const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext('2d');
  if (!context) return;
  context.clearRect(0, 0, width, height);
  context.save();
  context.scale(ratio, ratio);
  const size: Point = [width / ratio, height / ratio];
  drawTrails(context, scene.trail, size, colours);
  for (const detection of scene.detections) drawDetection(context, detection, size, colours, scene.labels);
  for (const alert of scene.alerts) {
    drawBox(context, alert.box, size, colours.alert, 3);
    drawLabel(context, alert.label, alert.box, size, colours.alert, colours.onLabel);
  }
  context.restore();
}

function drawDetection(context: CanvasRenderingContext2D, detection: Detection, size: Point, colours: Palette, labels: boolean): void {
  const isInZone = detection.zones.length > 0;
  const colour = isInZone ? colours.inZone : colours.box;
  context.globalAlpha = isInZone ? 1 : 0.75;
  drawBox(context, detection.bbox, size, colour, isInZone ? 2 : 1.25);
  context.globalAlpha = 1;
  if (!labels) return;
  const track = detection.track === null ? '' : ` #${detection.track}`;
  drawLabel(context, `${detection.class}${track} ${detection.confidence.toFixed(2)}`, detection.bbox, size, colours.label, colours.onLabel);
}

function drawBox(context: CanvasRenderingContext2D, [left, top, width, height]: Box, size: Point, colour: string, line: number): void {
  context.strokeStyle = colour;
  context.lineWidth = line;
  context.strokeRect(left * size[0], top * size[1], width * size[0], height * size[1]);
}

function drawLabel(context: CanvasRenderingContext2D, text: string, [left, top]: Box, size: Point, back: string, front: string): void {
  context.font = '11px system-ui, sans-serif';
  const wide = context.measureText(text).width + 8;
  const x = Math.min(Math.max(0, left * size[0]), size[0] - wide);
  const y = top * size[1] > 18 ? top * size[1] - 17 : top * size[1] + 1;
  context.fillStyle = back;
  context.fillRect(x, y, wide, 16);
  context.fillStyle = front;
  context.fillText(text, x + 4, y + 12);
}

/** The way of each track, by the middle of its box's lower edge. */
function drawTrails(context: CanvasRenderingContext2D, trail: readonly SeenVideoFrame[], size: Point, colours: Palette): void {
  const ways = new Map<number, Point[]>();
  for (const frame of trail) {
    for (const { track, bbox } of frame.detections) {
      if (track === null) continue;
      const way = ways.get(track) ?? [];
      way.push([(bbox[0] + bbox[2] / 2) * size[0], (bbox[1] + bbox[3]) * size[1]]);
      ways.set(track, way);
    }
  }
  context.strokeStyle = colours.inZone;
  context.lineWidth = 2;
  context.globalAlpha = 0.7;
  for (const way of ways.values()) {
    context.beginPath();
    way.forEach(([x, y], index) => (index === 0 ? context.moveTo(x, y) : context.lineTo(x, y)));
    context.stroke();
  }
  context.globalAlpha = 1;
}
