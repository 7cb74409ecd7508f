/** The mark in a browser's tab: a chain of three records. */
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="6" fill="#0b5c8f"/><path d="M8 8h16M8 16h16M8 24h10" stroke="#fff" stroke-width="3" stroke-linecap="round"/></svg>
`;
