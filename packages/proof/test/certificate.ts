/**
 * A certificate for 127.0.0.1 that nobody signed but itself, as whoever opens connections on the way shows one. Its key is no secret: it
 * protects nothing, and no client of ours may ever trust it.
 */
export const selfSigned = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgOMRMEEtX5N7XyhL2
6rZPbKfSx/LwGy7Z5kx1mU2NtfWhRANCAAR8Z9p8qoQfI6rT9VoPD+mdevZIUjyq
+mxG56BUctc8mXDi55k82pSgYeyujyS06wiF3P0dyHazZBdOchgBrmD3
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBVTCB/KADAgECAgEBMAoGCCqGSM49BAMCMBQxEjAQBgNVBAMMCTEyNy4wLjAu
MTAgFw0yMDAxMDEwMDAwMDBaGA8yMDk5MTIzMTAwMDAwMFowFDESMBAGA1UEAwwJ
MTI3LjAuMC4xMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEfGfafKqEHyOq0/Va
Dw/pnXr2SFI8qvpsRuegVHLXPJlw4ueZPNqUoGHsro8ktOsIhdz9Hch2s2QXTnIY
Aa5g96M9MDswDwYDVR0RBAgwBocEfwAAATAJBgNVHRMEAjAAMB0GA1UdDgQWBBR1
zEeY3WLXrWWpI9NbkMheMBjtbDAKBggqhkjOPQQDAgNIADBFAiAphuI9o4rvCqLj
9h6h7AUQcUKgA7zqb8rtBSVaLiyGsAIhAMEgqmmJD1aK/XA4Gw1KiUDyaghRIHRX
hY+xz5d9YOL8
-----END CERTIFICATE-----`,
} as const;
