/**
 * Scans that have not been answered yet, kept in IndexedDB: a lost network, a closed page or an empty battery loses none.
 * Where a browser has no IndexedDB (private windows) they live in memory, and leaving the page asks first.
 *
 * @typedef {{client_scan_id: string, owner: string, body: any, at: number, tries: number}} Scan
 */

const STORE = 'scans';

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
const answer = (request) =>
  new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });

/** @returns {Promise<IDBDatabase | null>} */
async function open() {
  try {
    const request = indexedDB.open('ningxin-scans', 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'client_scan_id' });
    return await answer(request);
  } catch {
    return null;
  }
}

export class ScanQueue {
  /** @param {string} owner whose scans: another clerk on the same device never sends them in their own name */
  constructor(owner) {
    this.owner = owner;
    this.database = open();
    /** @type {Map<string, Scan>} */
    this.memory = new Map();
  }

  /** @param {IDBTransactionMode} mode */
  async #store(mode) {
    return (await this.database)?.transaction(STORE, mode).objectStore(STORE) ?? null;
  }

  /** @param {Scan} scan */
  async put(scan) {
    const store = await this.#store('readwrite');
    if (store) await answer(store.put(scan));
    else this.memory.set(scan.client_scan_id, scan);
  }

  /** @param {string} id */
  async remove(id) {
    const store = await this.#store('readwrite');
    if (store) await answer(store.delete(id));
    else this.memory.delete(id);
  }

  /** Own scans, oldest first. @returns {Promise<Scan[]>} */
  async all() {
    const store = await this.#store('readonly');
    const scans = store ? /** @type {Scan[]} */ (await answer(store.getAll())) : [...this.memory.values()];
    return scans.filter((scan) => scan.owner === this.owner).sort((a, b) => a.at - b.at);
  }
}
