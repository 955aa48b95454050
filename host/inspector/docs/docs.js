// Makes a page for people of the document of the API. Nothing of it is taken for markup.
'use strict';

const METHODS = ['get', 'put', 'post', 'patch', 'delete'];

/** An element with attributes and what is in it. */
function element(name, attributes, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) made.setAttribute(key, value);
  made.append(...inside.filter((part) => part !== null && part !== undefined));
  return made;
}

/** Words in which `code` is between backticks. */
function words(text) {
  const parts = text.split('`');
  return parts.map((part, index) => (index % 2 === 1 ? element('code', null, part) : part));
}

function paragraphs(text) {
  const found = (text ?? '').split(/\n\s*\n/).filter((part) => part.trim() !== '');
  return found.map((part) => element('p', null, ...words(part)));
}

function nameOf(reference) {
  return reference.split('/').pop();
}

function idOf(text) {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');
}

/** What a schema is, in a few words, with links to those that have names. */
function typeOf(schema) {
  if (!schema) return ['anything'];
  if (schema.$ref) {
    const name = nameOf(schema.$ref);
    return [element('a', { href: `#schema-${idOf(name)}` }, name)];
  }
  const several = schema.oneOf ?? schema.anyOf;
  if (several) {
    const variants = several.filter((one) => one.type !== 'null');
    const named = variants.flatMap((one, index) => [...(index ? [' or '] : []), ...typeOf(one)]);
    return variants.length < several.length ? [...named, ', or nothing'] : named;
  }
  if (schema.allOf) return schema.allOf.flatMap((one, index) => [...(index ? [' with '] : []), ...typeOf(one)]);
  const kinds = [schema.type ?? 'object'].flat();
  const kind = kinds.find((one) => one !== 'null') ?? 'nothing';
  const nothing = kinds.length > 1 ? [', or nothing'] : [];
  if (kind === 'array') {
    const fixed = schema.minItems !== undefined && schema.minItems === schema.maxItems;
    return [fixed ? `${schema.minItems} of ` : 'a list of ', ...typeOf(schema.items), ...nothing];
  }
  if (schema.format === 'binary') return ['a file'];
  if (schema.enum) {
    const values = schema.enum.filter((value) => value !== null);
    return [...values.flatMap((value, index) => [...(index ? [', '] : []), element('code', null, String(value))]), ...nothing];
  }
  if (kind === 'object' && schema.additionalProperties) return ['by name: ', ...typeOf(schema.additionalProperties), ...nothing];
  return [[kind, schema.format ? `(${schema.format})` : ''].join(' ').trim(), ...nothing];
}

function bounds(schema) {
  if (!schema) return '';
  const said = [];
  if (schema.minimum !== undefined) said.push(`from ${schema.minimum}`);
  if (schema.maximum !== undefined) said.push(`to ${schema.maximum}`);
  if (schema.minLength !== undefined) said.push(`at least ${schema.minLength} characters`);
  if (schema.maxLength !== undefined) said.push(`at most ${schema.maxLength} characters`);
  if (schema.minItems !== undefined && schema.minItems !== schema.maxItems) said.push(`at least ${schema.minItems}`);
  if (schema.pattern !== undefined) said.push(`as ${schema.pattern}`);
  if (schema.default !== undefined) said.push(`${schema.default} if not said`);
  return said.length ? `, ${said.join(', ')}` : '';
}

function table(heads, rows, label) {
  const head = element('tr', null, ...heads.map((text) => element('th', { scope: 'col' }, text)));
  const body = rows.map((cells) => element('tr', null, ...cells.map((cell) => element('td', null, ...[cell].flat()))));
  const made = element('table', null, element('thead', null, head), element('tbody', null, ...body));
  return element('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label }, made);
}

function shown(example) {
  return typeof example === 'string' ? example : JSON.stringify(example, null, 2);
}

function sample(title, example, label) {
  const code = element('pre', { tabindex: '0', role: 'region', 'aria-label': label }, element('code', null, shown(example)));
  return element('details', null, element('summary', null, title), code);
}

/** The role that an operation needs; nothing where anybody may ask. */
function roleOf(operation) {
  return operation.security?.[0]?.token?.[0] ?? null;
}

function content(kinds) {
  return Object.entries(kinds ?? {});
}

/** As one would ask on a command line. */
function command(method, path, operation) {
  let filled = path;
  const query = [];
  const lines = [];
  for (const parameter of operation.parameters ?? []) {
    const value = parameter.example ?? parameter.schema?.example;
    if (parameter.in === 'path') filled = filled.replace(`{${parameter.name}}`, encodeURIComponent(value ?? parameter.name));
    if (parameter.in === 'query' && parameter.required) query.push(`${parameter.name}=${encodeURIComponent(value ?? '…')}`);
    if (parameter.in === 'header') lines.push(`-H '${parameter.name}: "TAG"'`);
  }
  if (operation.responses?.['101']) {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    return `${scheme}://${location.host}${filled}`;
  }
  const address = `${location.origin}${filled}${query.length ? `?${query.join('&')}` : ''}`;
  if (roleOf(operation)) lines.unshift("-H \"Authorization: Bearer $TOKEN\"");
  const [kind, body] = content(operation.requestBody?.content)[0] ?? [];
  if (kind) {
    lines.push(`-H 'Content-Type: ${kind}'`);
    const text = body.example === undefined || kind !== 'application/json' ? null : JSON.stringify(body.example);
    lines.push(text === null ? '--data-binary @FILE' : `-d '${text}'`);
  }
  const start = method === 'get' ? 'curl' : `curl -X ${method.toUpperCase()}`;
  return [start, ...lines, `'${address}'`].join(' \\\n    ');
}

function describe(method, path, operation) {
  const title = `${method.toUpperCase()} ${path}`;
  const role = roleOf(operation);
  const needs = role ? `needs the role ${role}` : 'anybody may ask';
  const article = element('article', { id: idOf(title) });
  const heading = element('h3', null, element('span', { class: 'method' }, method.toUpperCase()), element('code', null, path), element('span', { class: 'role' }, needs));
  article.append(heading, element('p', null, ...words(operation.summary ?? '')), ...paragraphs(operation.description));
  const parameters = operation.parameters ?? [];
  if (parameters.length) {
    const rows = parameters.map((one) => [
      [element('code', null, one.name), one.required ? '' : element('span', { class: 'soft' }, ' (optional)')],
      one.in,
      [...typeOf(one.schema), bounds(one.schema)],
      words(one.description ?? ''),
    ]);
    article.append(element('h4', null, 'Parameters'), table(['Name', 'In', 'What it is', 'What for'], rows, `Parameters of ${title}`));
  }
  if (operation.requestBody) {
    article.append(element('h4', null, 'Body'), ...paragraphs(operation.requestBody.description));
    for (const [kind, body] of content(operation.requestBody.content)) {
      article.append(element('p', null, element('code', null, kind), ': ', ...typeOf(body.schema)));
      if (body.example !== undefined) article.append(sample('Example of a body', body.example, `Example of a body of ${title}`));
    }
  }
  const answers = Object.entries(operation.responses ?? {});
  const rows = answers.map(([status, answer]) => [
    element('code', null, status),
    words(answer.description ?? ''),
    content(answer.content).flatMap(([kind, body], index) => [...(index ? [', '] : []), element('code', null, kind), ' ', ...typeOf(body.schema)]),
    Object.keys(answer.headers ?? {}).join(', '),
  ]);
  article.append(element('h4', null, 'Answers'), table(['Status', 'When', 'What comes', 'Headers'], rows, `Answers of ${title}`));
  for (const [status, answer] of answers) {
    for (const [, body] of content(answer.content)) {
      if (status.startsWith('2') && body.example !== undefined) article.append(sample(`Example of an answer, ${status}`, body.example, `Example of an answer of ${title}`));
    }
  }
  article.append(sample('On the command line', command(method, path, operation), `${title} on the command line`));
  const text = [title, operation.summary, operation.description, role ?? 'anybody', ...(operation.tags ?? [])];
  return { article, tag: operation.tags?.[0] ?? 'other', title, text: text.join(' ').toLowerCase() };
}

function describeSchema(name, schema) {
  const article = element('article', { id: `schema-${idOf(name)}` }, element('h3', null, name), ...paragraphs(schema.description));
  const parts = schema.allOf ?? [schema];
  const own = parts.filter((part) => part.properties);
  const others = parts.filter((part) => part.$ref);
  if (others.length) article.append(element('p', null, 'All of ', ...others.flatMap((one, index) => [...(index ? [', '] : []), ...typeOf(one)]), own.length ? ', and' : ''));
  for (const part of own) {
    const rows = Object.entries(part.properties).map(([key, property]) => [
      [element('code', null, key), (part.required ?? []).includes(key) ? '' : element('span', { class: 'soft' }, ' (optional)')],
      [...typeOf(property), bounds(property)],
      words(property.description ?? ''),
    ]);
    article.append(table(['Name', 'What it is', 'What it says'], rows, `Properties of ${name}`));
  }
  if (!own.length && !others.length) article.append(element('p', null, ...typeOf(schema)));
  return article;
}

function show(api) {
  document.getElementById('about').replaceChildren(...words(api.info.description ?? ''));
  const main = document.getElementById('operations');
  const index = document.getElementById('index');
  const operations = Object.entries(api.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => describe(method, path, item[method])),
  );
  const tags = [...new Set(operations.map((one) => one.tag))];
  const groups = tags.map((tag) => {
    const members = operations.filter((one) => one.tag === tag);
    const heading = element('h2', { id: `tag-${idOf(tag)}` }, tag);
    const section = element('section', { 'aria-labelledby': heading.id }, heading, ...members.map((one) => one.article));
    const links = members.map((one) => element('li', null, element('a', { href: `#${one.article.id}` }, one.title.replace('/api/v1', ''))));
    const list = element('div', null, element('h2', null, tag), element('ul', null, ...links));
    members.forEach((one, place) => { one.link = links[place]; });
    main.append(section);
    index.append(list);
    return { section, list, members };
  });
  const schemas = Object.entries(api.components?.schemas ?? {});
  const heading = element('h2', { id: 'schemas' }, 'Schemas');
  main.append(element('section', { 'aria-labelledby': 'schemas' }, heading, ...schemas.map(([name, schema]) => describeSchema(name, schema))));
  index.append(element('div', null, element('h2', null, element('a', { href: '#schemas' }, 'Schemas'))));

  const filter = document.getElementById('filter');
  const count = document.getElementById('count');
  const look = () => {
    const wanted = filter.value.trim().toLowerCase().split(/\s+/);
    let found = 0;
    for (const { section, list, members } of groups) {
      let some = false;
      for (const one of members) {
        const fits = wanted.every((word) => one.text.includes(word));
        one.article.hidden = one.link.hidden = !fits;
        some ||= fits;
        found += fits ? 1 : 0;
      }
      section.hidden = list.hidden = !some;
    }
    count.textContent = found === operations.length ? `${found} operations` : `${found} of ${operations.length} operations`;
  };
  filter.addEventListener('input', look);
  look();
  // What the address names was not there when it was opened.
  document.getElementById(named(location.hash.slice(1)))?.scrollIntoView();
}

/** What stands behind the `#`, which anybody may have written. */
function named(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

fetch('/api/openapi.json')
  .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(`the server says ${answer.status}`))))
  .then(show)
  .catch((error) => {
    document.getElementById('about').textContent = `The document cannot be shown: ${error.message}. Load the page again.`;
  });
