declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** Makes a DynamoDB; it holds everything in memory unless it is given a path. */
  export default function dynalite(options: {
    createTableMs: number;
    deleteTableMs: number;
    updateTableMs: number;
  }): Server;
}
