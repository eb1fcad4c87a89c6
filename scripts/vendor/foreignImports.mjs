// Which npm packages compiled files import, and how to point such an import elsewhere.
import { parseAst } from 'rolldown/parseAst';

const STATEMENTS = new Set(['ImportDeclaration', 'ImportExpression', 'ExportNamedDeclaration', 'ExportAllDeclaration']);

function* nodesOf(value) {
  if (Array.isArray(value)) {
    for (const item of value) yield* nodesOf(item);
  } else if (value !== null && typeof value === 'object') {
    yield value;
    for (const key of Object.keys(value)) yield* nodesOf(value[key]);
  }
}

/**
 * Imports of npm packages in a JavaScript module.
 * @param code of the module
 * @returns of each: `specifier`; `names` it takes, undefined where it takes them all; `start` and `end` of the quoted specifier
 */
export function foreignImports(code) {
  const found = [];
  for (const node of nodesOf(parseAst(code).body)) {
    if (!STATEMENTS.has(node.type) || typeof node.source?.value !== 'string') continue;
    const specifier = node.source.value;
    if (/^(\.|#|node:)/.test(specifier)) continue;
    found.push({ specifier, names: namesOf(node), start: node.source.start, end: node.source.end });
  }
  return found;
}

function namesOf({ type, specifiers }) {
  if (type !== 'ImportDeclaration') return undefined;
  const names = specifiers.map((specifier) => {
    if (specifier.type === 'ImportDefaultSpecifier') return 'default';
    return specifier.type === 'ImportSpecifier' ? (specifier.imported.name ?? specifier.imported.value) : undefined;
  });
  return names.includes(undefined) ? undefined : names;
}

/** The code with each import of a package taken from where `to` says; undefined leaves it as it is. */
export function redirected(code, to) {
  let text = '';
  let at = 0;
  for (const { specifier, start, end } of foreignImports(code).sort((a, b) => a.start - b.start)) {
    const target = to(specifier);
    if (target === undefined) continue;
    text += `${code.slice(at, start)}${JSON.stringify(target)}`;
    at = end;
  }
  return text + code.slice(at);
}

/** `express/lib/router.js` → `express`; `@grpc/grpc-js/x` → `@grpc/grpc-js`. */
export const packageOf = (specifier) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
