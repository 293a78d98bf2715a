/** The rows of a table, each kept as long as what it shows is there, so that neither focus nor selection is lost. */
export class Rows {
  #body;
  #keyOf;
  #make;
  #rows = new Map();

  /** `make` gives for what is shown a row, which has its `node`, and `update` where it changes. */
  constructor(body, keyOf, make) {
    this.#body = body;
    this.#keyOf = keyOf;
    this.#make = make;
  }

  show(items) {
    const keys = new Set(items.map(this.#keyOf));
    for (const [key, row] of this.#rows) {
      if (!keys.has(key)) {
        row.node.remove();
        this.#rows.delete(key);
      }
    }
    items.forEach((item, i) => {
      const key = this.#keyOf(item);
      const row = this.#rows.get(key) ?? this.#make(item);
      row.update?.(item);
      this.#rows.set(key, row);
      if (this.#body.children[i] !== row.node) {
        this.#body.insertBefore(row.node, this.#body.children[i] ?? null);
      }
    });
  }
}
