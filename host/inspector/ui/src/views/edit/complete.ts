// What can stand where the cursor is: keys and values by the flow file's schema, names that the file
// itself defines, and the settings of plugins by their own schemas.

import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import type { JsonSchema, PluginInfo } from '../../api/types';
import { namesIn, type Place, placeAt, pluginOf } from '../../logic/flow-text';
import { keysAt, type Offer, valuesAt } from '../../logic/schema';

export interface Known {
  schema: JsonSchema | null;
  plugins: readonly PluginInfo[];
  zones: readonly string[];
  classes: readonly string[];
}

export function completer(known: () => Known): (context: CompletionContext) => CompletionResult | null {
  return (context) => {
    const text = context.state.doc.toString();
    const place = placeAt(text, context.pos);
    if (!context.explicit && place.typed === '' && place.kind === 'key') return null;
    if (/#/.test(context.state.doc.lineAt(context.pos).text.slice(0, context.pos - context.state.doc.lineAt(context.pos).from))) return null;
    const all = place.kind === 'key' ? keys(place, text, known()) : values(place, text, known());
    // Examples are for those who ask.
    const options = all.filter((option) => option.label !== place.typed && (context.explicit || option.detail !== 'example'));
    return options.length === 0 ? null : { from: place.from, options, validFor: /^[\w./-]*$/ };
  };
}

function keys(place: Place, text: string, { schema, plugins }: Known): Completion[] {
  const settings = settingsAt(place.path, text, plugins);
  const offers = settings ? keysAt(settings.schema, settings.path) : schema ? keysAt(schema, place.path) : [];
  return offers.map((offer) => ({ ...shown(offer), apply: `${offer.label}: `, boost: offer.detail === 'must be given' ? 1 : 0 }));
}

function values(place: Place, text: string, known: Known): Completion[] {
  const [section, node] = place.path;
  const last = place.path.filter((key) => key !== '[]').at(-1);
  if (section === 'nodes' && place.path.length <= 4) {
    const named = namesFor(last, node, text, known);
    if (named) return named;
  }
  const settings = settingsAt(place.path, text, known.plugins);
  if (settings) {
    if (last === 'zone' || last === 'zones') return known.zones.map((label) => ({ label, detail: 'zone' }));
    if (last === 'alert' || last === 'allow' || last === 'classes') return known.classes.map((label) => ({ label, detail: 'class' }));
    return valuesAt(settings.schema, settings.path).map(shown);
  }
  return known.schema ? valuesAt(known.schema, place.path).map(shown) : [];
}

function namesFor(key: string | undefined, node: string | undefined, text: string, { plugins }: Known): Completion[] | null {
  if (key === 'plugin') return plugins.map((plugin) => ({ label: plugin.name, detail: `${plugin.role} ${plugin.version}`, info: plugin.description ?? '' }));
  if (key === 'infer') return namesIn(text, 'models').map((label) => ({ label, detail: 'model' }));
  if (key !== 'from') return null;
  return [
    ...namesIn(text, 'nodes').filter((name) => name !== node).map((label) => ({ label, detail: pluginOf(text, label) ?? 'model' })),
    { label: 'cameras', detail: 'all cameras' },
    { label: 'alerts', detail: 'all alerts that leave the flow' },
    ...namesIn(text, 'cameras').map((label) => ({ label, detail: 'camera' })),
  ];
}

/** Inside of `config` the plugin's schema counts. */
function settingsAt(path: readonly string[], text: string, plugins: readonly PluginInfo[]): { schema: JsonSchema; path: string[] } | null {
  const [section, node, config, ...rest] = path;
  if (section !== 'nodes' || !node || config !== 'config') return null;
  const schema = plugins.find((plugin) => plugin.name === pluginOf(text, node))?.config_schema;
  return schema ? { schema, path: rest } : null;
}

function shown({ label, detail, info }: Offer): Completion {
  return { label, detail, ...(info ? { info } : {}) };
}
