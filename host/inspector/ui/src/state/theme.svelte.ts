// Light, dark, or what the system says; the viewer's choice stays in this browser.

export type Theme = 'system' | 'light' | 'dark';
const KEY = 'agave-theme';
const NEXT: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };

class ThemeState {
  theme = $state<Theme>(stored());

  constructor() {
    this.#apply();
  }

  turn(): void {
    this.theme = NEXT[this.theme];
    try {
      localStorage.setItem(KEY, this.theme);
    } catch {
      // A browser that keeps nothing still shows what was chosen.
    }
    this.#apply();
  }

  #apply(): void {
    if (this.theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.theme;
  }
}

function stored(): Theme {
  try {
    const theme = localStorage.getItem(KEY);
    return theme === 'light' || theme === 'dark' ? theme : 'system';
  } catch {
    return 'system';
  }
}

export const theme = new ThemeState();
