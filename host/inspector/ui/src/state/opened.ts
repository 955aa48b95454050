// Whether anybody has looked at an alert in this browser: until then the way to the first one is shown.

const KEY = 'agave-alert-opened';

export function noteOpened(): void {
  try {
    localStorage.setItem(KEY, 'yes');
  } catch {
    // Where nothing may be kept, the way is shown again.
  }
}

export function wasOpened(): boolean {
  try {
    return localStorage.getItem(KEY) !== null;
  } catch {
    return false;
  }
}
