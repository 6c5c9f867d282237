/** How long a server's frame is on the wire: RFC 6455, unmasked. */

/** Of one unfragmented frame with this many bytes of payload. */
export const frameSize = (payload: number): number => payload + (payload < 126 ? 2 : payload < 0x10000 ? 4 : 10);
