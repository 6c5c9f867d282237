/**
 * Packages that a program loads when it first needs them and not when it starts: `undici` with the first request, `ws` with the first socket. A
 * load that fails fails the call that wanted it, and the next call tries again.
 */

export interface OnFirstUse<M> {
  /** The module, where it is loaded. */
  readonly current: () => M | undefined;
  /** Loads it, once for all who wait. Rejects with whatever the loading threw. */
  readonly load: () => Promise<M>;
}

export const onFirstUse = <M>(importing: () => Promise<M>): OnFirstUse<M> => {
  let current: M | undefined;
  let loading: Promise<M> | undefined;
  const load = async (): Promise<M> => {
    try {
      return (current = await importing());
    } finally {
      loading = undefined;
    }
  };
  return { current: () => current, load: () => (loading ??= load()) };
};

export const undici = onFirstUse(() => import("undici"));
export const ws = onFirstUse(() => import("ws"));
