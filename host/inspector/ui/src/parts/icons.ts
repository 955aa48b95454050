// Line icons on a grid of 16, drawn for this page.

export const ICONS = {
  now: 'M2 3h5v4H2zM9 3h5v4H9zM2 9h5v4H2zM9 9h5v4H9z',
  flow: 'M2 5h4v6H2zM10 2h4v4h-4zM10 10h4v4h-4zM6 8h2V4h2M8 8v4h2',
  camera: 'M2 5h8v6H2zM10 7l4-2v6l-4-2',
  alerts: 'M8 2a4 4 0 0 0-4 4v3l-1.500 2.500h11L12 9V6a4 4 0 0 0-4-4zM6.500 13.500h3',
  edit: 'M3 13l.700-3L10.500 3.200l2.300 2.300L6 12.300zM9 4.700 11.300 7',
  system: 'M3 3h10v4H3zM3 9h10v4H3zM5.500 5h.010M5.500 11h.010',
  infer: 'M8 2l5 3v6l-5 3-5-3V5zM8 8l5-3M8 8v6M8 8 3 5',
  filter: 'M2.500 3h11L9.500 8v5l-3-1.500V8z',
  rule: 'M8 2v3M8 5 4 9l4 4 4-4zM8 8v.010M8 10.500v.010',
  gate: 'M3 3v10M13 3v10M3 6h10M3 10h10',
  adapter: 'M8 10V2M5 5l3-3 3 3M3 9v4h10V9',
  group: 'M2 6h8v5H2zM10 8l3-1.500v4L10 9M4 4h8',
  search: 'M7 3a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM10 10l4 4',
  keys: 'M2 4h12v8H2zM4.500 7h.010M7 7h.010M9.500 7h.010M12 7h.010M5 10h6',
  light: 'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1v2M8 13v2M1 8h2M13 8h2M3 3l1.400 1.400M11.600 11.600 13 13M13 3l-1.400 1.400M4.400 11.600 3 13',
  dark: 'M13 9.500A5.500 5.500 0 0 1 6.500 3 5.500 5.500 0 1 0 13 9.500z',
  auto: 'M8 3a5 5 0 1 0 0 10V3zM8 3a5 5 0 0 1 0 10',
  close: 'M4 4l8 8M12 4l-8 8',
  undo: 'M6 3 3 6l3 3M3 6h6a4 4 0 0 1 0 8H6',
  redo: 'M10 3l3 3-3 3M13 6H7a4 4 0 0 0 0 8h3',
  plus: 'M8 3v10M3 8h10',
  remove: 'M3 4.500h10M6.500 4.500V3h3v1.500M4.500 4.500l.500 8.500h6l.500-8.500',
  back: 'M10 3 5 8l5 5',
  next: 'M6 3l5 5-5 5',
  person: 'M8 3a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5zM3 14c0-3 2-4.500 5-4.500s5 1.500 5 4.500',
  pulse: 'M1 8h3l2-5 3 10 2-5h4',
  zone: 'M3 5l5-2.500L13 6l-2 7H5z',
} as const;

export type IconName = keyof typeof ICONS;
