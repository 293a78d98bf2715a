import { byId, say } from "./dom.js";

/** The way through a list by its cursors. A cursor belongs to the filters that it came with, so they are kept with it. */
export class Paging {
  #earlier = [];
  #page = { cursor: null, filters: null };
  #older = null;
  #buttons;
  #turned;

  /** The buttons are those whose ids begin with the prefix. */
  constructor(prefix, turned) {
    this.#turned = turned;
    this.#buttons = {
      newest: byId(`${prefix}-newest`),
      newer: byId(`${prefix}-newer`),
      older: byId(`${prefix}-older`),
      page: byId(`${prefix}-page`),
    };
    this.#buttons.newest.addEventListener("click", () => this.#turn([], { cursor: null, filters: null }));
    this.#buttons.newer.addEventListener("click", () => this.#turn(this.#earlier.slice(0, -1), this.#earlier.at(-1)));
    this.#buttons.older.addEventListener("click", () => this.#turn([...this.#earlier, this.#page], this.#older));
    this.restart();
  }

  get isNewest() {
    return this.#earlier.length === 0;
  }

  restart() {
    this.#earlier = [];
    this.#page = { cursor: null, filters: null };
    this.#older = null;
    this.#show();
  }

  /** The parameters of the page that is shown, where the filters may have changed only on the newest. */
  parameters(filters) {
    return { ...(this.#page.filters ?? filters), cursor: this.#page.cursor };
  }

  /** Takes where the next page begins, as it was answered to these parameters. */
  take({ cursor: _, ...filters }, nextCursor) {
    this.#older = nextCursor === null ? null : { cursor: nextCursor, filters };
    this.#show();
  }

  describe(text) {
    say(this.#buttons.page, this.isNewest ? text : `Page ${this.#earlier.length + 1}`);
  }

  #turn(earlier, page) {
    if (page) {
      this.#earlier = earlier;
      this.#page = page;
      this.#older = null;
      this.#show();
      this.#turned();
    }
  }

  /** Disabled by ARIA alone, because a button that is disabled while it has the focus loses it. */
  #show() {
    const { newest, newer, older } = this.#buttons;
    newest.setAttribute("aria-disabled", this.isNewest);
    newer.setAttribute("aria-disabled", this.isNewest);
    older.setAttribute("aria-disabled", this.#older === null);
  }
}
