/**
 * How many kinds of data the router may subscribe to by itself. `conservative`: one, two at most. `adaptive`: one to three, by how long the link
 * has been good. Streams that a program opened are not counted.
 */
export type SlotPolicy = "conservative" | "adaptive";
