/** Builds an element. Children become text or nodes, never markup: what is shown comes from strangers. */
export function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    node.setAttribute(attribute, value);
  }
  node.append(...children);
  return node;
}

export const byId = (id) => document.getElementById(id);

/** Sets the text only if it differs, so that nothing is repainted, or said by a screen reader, for no reason. */
export function say(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

/** How many entries a page of a list has: on a phone each is a card, and what comes below must be in reach. */
export const pageSize = (wide, narrow) => (matchMedia("(max-width: 760px)").matches ? narrow : wide);
