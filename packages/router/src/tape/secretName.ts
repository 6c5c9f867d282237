/** Names of headers and parameters that carry a credential or a session. Their values stay where they were sent. */
const secretName = /auth|cookie|token|secret|password|passwd|signature|session|credential|api[-_]?key|access[-_]?key|^x-.*-key$|^nonce$/i;

export const isSecretName = (name: string): boolean => secretName.test(name);
