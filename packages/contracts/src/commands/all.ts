import type { CommandContract } from '../command.ts';
import { cancelCallback, listCallbacks, moveCallback } from './callbacks.ts';
import { callWindow, diallingState, startDialling, stopDialling } from './dialling.ts';
import { addDoNotCall, findDoNotCall, removeDoNotCall } from './do-not-call.ts';
import { erase } from './erase.ts';
import { health } from './health.ts';
import { beginImport, importLeads } from './imports.ts';
import { callAgain, explain, leadStory } from './lead.ts';
import { minutes } from './minutes.ts';
import { buildState, rebuild } from './read-model.ts';
import { correctReceipt, receipts, replay } from './receipts.ts';
import { compareDatabase, reconcile } from './reconcile.ts';
import { explainTestCall, makeTestLead, previewTask } from './test-call.ts';
import { addSource, disableSource, listSources, rotateSource } from './sources.ts';

/** All commands and questions, grouped by what a person wants to do. */
export const allCommands: readonly CommandContract[] = [
  stopDialling,
  startDialling,
  diallingState,
  callWindow,
  callAgain,
  explain,
  explainTestCall,
  makeTestLead,
  previewTask,
  listCallbacks,
  moveCallback,
  cancelCallback,
  addDoNotCall,
  removeDoNotCall,
  findDoNotCall,
  addSource,
  listSources,
  rotateSource,
  disableSource,
  receipts,
  correctReceipt,
  replay,
  beginImport,
  importLeads,
  leadStory,
  minutes,
  buildState,
  rebuild,
  ...Object.values(erase),
  ...Object.values(reconcile),
  compareDatabase,
  ...Object.values(health),
];
