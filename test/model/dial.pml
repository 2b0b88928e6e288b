/* dial.pml - how "never rung twice" is kept, as a model for Spin: claim, permit, dial, settle, decide.
 *
 * check-model.test.ts runs it, as it is and with each protection taken out, which must then show a violation. By hand:
 *   spin -a -DFIXED -DNL=2 -DMC=2 -DMAXR=1 -DPBMAX=0 dial.pml && gcc -O2 -w -DSAFETY -DCOLLAPSE -o pan pan.c && ./pan -m100000
 * A shortest counterexample: compile with -DBFS, run ./pan, then  spin -p -t <the same -D flags> dial.pml
 *
 * The step of the model, and the function of the code that it stands for:
 *   claim            services/dispatcher/src/claim-due-leads.ts claimDueLeads
 *   C_AFTER          services/dispatcher/src/decide-claims.ts decideClaims
 *   P_AFTER          services/dispatcher/src/decide-permits.ts decidePermits
 *   CLAIM            services/dispatcher/src/decide-dial.ts decideDial
 *   PERMIT           services/dispatcher/src/permit-dial.ts permitDial
 *   P_NUM, NOANS     services/dispatcher/src/load-dial-facts.ts loadDialFacts
 *   req              services/dispatcher/src/place-call.ts placeCall
 *   C_TOKEN          packages/telephony/src/livekit.ts openLiveKit
 *   ev               services/dispatcher/src/report-dial.ts reportDial
 *   revk             services/dispatcher/src/revoke-dial.ts revokeUnsentDials
 *   whl              services/call-tracker/src/on-livekit-webhook.ts liveKitWebhooks
 *   rep, aen         services/call-tracker/src/on-agent-reported.ts onAgentReported
 *   OVER_A, CURED    services/call-tracker/src/decide-settling.ts settlesAt
 *   settle           services/call-tracker/src/decide-settling.ts settle
 *   look             services/call-tracker/src/settle-due-calls.ts settleDueCalls
 *   busy, C_CTB      services/call-tracker/src/decide-release.ts decideRelease
 *   decide           services/dispatcher/src/settle-lead.ts settleCall
 *   spent, rc, pb    services/dispatcher/src/decide-retry.ts decideRetry
 *   evR, evQ         services/dispatcher/src/on-call-events.ts onCallEvents
 *   stop, acked      services/dispatcher/src/switch-dialling.ts stopDialling
 *   nops, opm        services/dispatcher/src/call-again.ts callAgain
 *   prm, pc          services/dispatcher/src/keep-promises.ts settlePromise
 *   PDUE             services/dispatcher/src/decide-dial.ts decideDial
 *
 * Flags: NL leads (1, 2; all with one number), MC calls in all (2..4), MAXR = MAX_CALL_RETRIES, PBMAX put-backs a lead, OPS call_again,
 *   STOP=1 a stop comes at some time, DUP deliveries of one event, ONLY=n checks one property (S1..S8 = 1..8, L1a..L1h = 11..18),
 *   FAST every report is delivered within its grace (for S8; otherwise any message may take any time),
 *   STRICT4 checks S4 at the INVITE and not at the permit (violated on purpose: the window between the two can't be closed),
 *   FALSEEND a stop of ours that LiveKit answers and that ends nothing, CANCELLOST a CANCEL that never reaches the phone,
 *   PROM a buyer may name a time in a talk, once, and may be put on the do-not-call list at any time,
 *   TAKENOFF the agent takes its leg off just after the bridge died, which tells the phone nothing any more.
 *
 * FIXED is the design. NOFIX_x takes one rule away:
 *   RING   call.ringing acts only while its call is undecided
 *   LATE   late answers act on the lead whichever of its calls they belong to
 *   ANS    claim and permit look for answers since the operator's last "once more"
 *   AEND   agent.ended never ends the leg: settling and the number wait for the leg
 *   STOP   the stop is acknowledged when no permitted dial can still become an INVITE
 *   CT     a leg that nobody saw end holds its number for the provider's ring limit too
 *   LOOK   (with -DFALSEEND) the end that follows our own stop does not free the number
 *   CANCEL (with -DCANCELLOST) an unanswered end without proof of silence holds the number for the provider's ring limit
 *   OFF    (with -DTAKENOFF) an end that was not the bridge's own, or that nobody saw, holds the number for a while
 * NO_x takes one protection away: NO_REV (sent_at/revoked_at of the permit) NO_PERMIT (its whole condition) NO_AGE NO_TOKEN
 *   NO_DECIDED NO_GRACE (with FAST) NO_NUM (number in use, claim and permit) NO_SPENT (MAXR=0) NO_OPM (OPS=1: "since" by call, not by time)
 *   NO_GCLAIM, NO_GPERMIT (NL=2: the second of two that are claimed, or permitted, together is asked about as the rows were before the
 *   group). The permit is the net of the claim, so NO_GCLAIM alone shows none, and NO_GPERMIT needs two claims that only NO_GCLAIM makes.
 *   With PROM: NO_PDNC (the permit does not ask the list again) NO_PKEPT (a promise that rang still waits) NO_PLATE (late answers
 *   end a lead whose promise waits).
 *   REDIAL (a sent dial is tried again). NO_NEWEST shows one only with NOFIX_RING and ONLY=7; NO_ALLDEC only with NO_NUM: both are second nets.
 *
 * Time is only order: ph[c] 0 = claim young, token and its leeway alive; 1 = claim too old, token dead;
 * 2 = dial + ring limit + longest call + token and leeway past (LiveKit itself has ended every leg by then, an uncancelled ring may go on).
 * "Freeze" is free: any step may wait for as long as it likes, and any number of dispatchers may do so, each at its own call.
 * A crash between two steps is the step that never comes (claimed) or the request that is never sent (permitted);
 * a dialler that dies while it waits is the result that is never reported.
 */
#ifdef FIXED
#define FIX_RING
#define FIX_LATE
#define FIX_ANS
#define FIX_AEND
#define FIX_STOP
#define FIX_CT
#define FIX_LOOK
#define FIX_CANCEL
#define FIX_OFF
#endif
#ifdef NOFIX_RING
#undef FIX_RING
#endif
#ifdef NOFIX_LATE
#undef FIX_LATE
#endif
#ifdef NOFIX_ANS
#undef FIX_ANS
#endif
#ifdef NOFIX_AEND
#undef FIX_AEND
#endif
#ifdef NOFIX_STOP
#undef FIX_STOP
#endif
#ifdef NOFIX_CT
#undef FIX_CT
#endif
#ifdef NOFIX_LOOK
#undef FIX_LOOK
#endif
#ifdef NOFIX_CANCEL
#undef FIX_CANCEL
#endif
#ifdef NOFIX_OFF
#undef FIX_OFF
#endif
#ifndef NL
#define NL 1          /* leads, all with one and the same number */
#endif
#ifndef MC
#define MC 3          /* calls in all */
#endif
#ifndef MAXR
#define MAXR 1        /* MAX_CALL_RETRIES */
#endif
#ifndef PBMAX
#define PBMAX 1       /* attempts a lead gets back because proved not dialled */
#endif
#ifndef OPS
#define OPS 0         /* operator's call_again */
#endif
#ifndef STOP
#define STOP 0        /* 1: a stop comes at some time */
#endif
#ifndef DUP
#define DUP 1         /* deliveries of one event */
#endif

#define NEW 1
#define DISP 2
#define FAILED 3
#define CALLING 1
#define CALLED 2
#define CFAIL 3
#define RING 1
#define TALK 2
#define GONE 0

#ifndef ONLY
#define ONLY 0       /* 0 checks all; else one: S1..S10 = 1..10, L1a..L1i = 11..19 */
#endif
#define CHK(n, X) assert((X) || (ONLY != 0 && ONLY != n))
#define S1 1
#define S2 2
#define S3 3
#define S4 4
#define S5 5
#define S6 6
#define S7 7
#define S8 8
#define S9 9
#define S10 10
#define L1i 19
#define L1a 11
#define L1b 12
#define L1c 13
#define L1d 14
#define L1e 15
#define L1f 16
#define L1g 17
#define L1h 18

/* shared rows */
byte lst[NL]=NEW; bit due[NL]=1; byte rc[NL]; byte opm[NL]; byte pb[NL]; byte nops[NL];
byte nc;                        /* calls made so far */
byte cl[4]; byte cst[4]; bit ans[4]; bit sent[4]; bit revk[4]; bit dec[4]; bit busy[4]; bit nd[4]; bit ctb[4];
bit stop; bit acked;
/* facts the tracker holds for a calling row */
bit f_left[4]; bit f_ct[4]; bit f_ans[4]; byte f_dial[4]; bit f_aend[4]; bit grace[4]; bit f_join[4]; bit look[4]; bit f_stop[4]; bit f_off[4]; byte hold[4];       /* hold: the claiming dispatcher; 1 claimed, 2 permitted */
/* messages on their way */
byte whl[4]; byte ev[4]; byte rep[4]; bit aen[4]; byte evR[4]; byte evF[4]; byte evQ[4];
/* the world */
byte ph[4]; byte req[4]; byte leg[4]; bit orph[4];
/* ghosts (for the properties only) */
byte inv[4]; byte spent[4]; bit capt[4]; byte ninv[NL];
bit usestop; byte ops; bit fe;
/* a promised time: it may fall due whenever it waits, for time is only order */
#ifdef PROM
byte prm[NL];                   /* 0 none was named, 1 waits, 2 is kept or cancelled */
bit pc[4]; bit asks[4]; bit dnc; bit usednc; /* claimed for the promise; a time was named in this talk; on the list, if anybody asks */
byte pinv; byte pfree;           /* INVITEs for it; attempts that spent no retry, because a time was named in them */
#define PDUE(l) (prm[l]==1)
#define PDIAL(c) pc[c]
#define LISTED dnc
#define PINV pinv
#define PEXTRA (pinv + pfree)
#else
#define PDUE(l) 0
#define PDIAL(c) 0
#define LISTED 0
#define PINV 0
#define PEXTRA 0
#endif
#ifdef NO_PDNC
#define P_LIST 1
#else
#define P_LIST (!LISTED)
#endif
#ifdef NO_PLATE
#define C_PROM(c) 1
#else
#define C_PROM(c) (!PDUE(cl[c]))
#endif
#ifdef FAST
#define SLOW 0        /* deliveries are within the grace (for S8) */
#else
#define SLOW 1        /* any message may take any time */
#endif
#if STOP == 1
#define FJ(c) f_join[c] = 1;
#else
#define FJ(c)
#endif

#define EX4(P) (P(0) || P(1) || P(2) || P(3))
#define INUSE_EXC(c)  ((busy[0] && c!=0) || (busy[1] && c!=1) || (busy[2] && c!=2) || (busy[3] && c!=3))
#define LINE_EXC(c)   ((busy[0] && sent[0] && c!=0) || (busy[1] && sent[1] && c!=1) || (busy[2] && sent[2] && c!=2) || (busy[3] && sent[3] && c!=3))
#define UD(i,l) (nc>i && cl[i]==l && !dec[i])
#define UNDEC(l) (UD(0,l) || UD(1,l) || UD(2,l) || UD(3,l))
#define AW(i,l) (nc>i && cl[i]==l && opm[l]<=i && ans[i])
#define ANSWERS(l) (AW(0,l) || AW(1,l) || AW(2,l) || AW(3,l))
#define CP(i,l) (nc>i && cl[i]==l && opm[l]<=i && capt[i])
#define CAPTURED(l) (CP(0,l) || CP(1,l) || CP(2,l) || CP(3,l))
#define NW(i,c) (nc>i && i>c && cl[i]==cl[c])
#define NEWEST(c) (!(NW(1,c) || NW(2,c) || NW(3,c)))
#define LIVE(i,c) (i!=c && (leg[i]==RING || leg[i]==TALK || orph[i]))
#define PHONE(c) (LIVE(0,c) || LIVE(1,c) || LIVE(2,c) || LIVE(3,c))
#define WAY(i) (sent[i] && !f_join[i] && f_dial[i]==0 && cst[i]==CALLING && ph[i]==0)   /* only what can be observed */

#ifdef NO_ALLDEC
#define C_DEC(l) 1
#else
#define C_DEC(l) (!UNDEC(l))
#endif
#ifdef NO_NUM
#define C_NUM 1
#define P_NUM(c) 1
#else
#define C_NUM (!INUSE_EXC(9))
#define P_NUM(c) (!LINE_EXC(c))
#endif
#ifdef FIX_ANS
#define NOANS(l) (!ANSWERS(l))
#else
#define NOANS(l) 1
#endif
#if defined(NO_REV) || defined(NO_PERMIT)
#define P_REV(c) 1
#else
#define P_REV(c) (!sent[c] && !revk[c])
#endif
#if defined(NO_AGE) || defined(NO_PERMIT)
#define P_AGE(c) 1
#else
#define P_AGE(c) (ph[c]==0)
#endif
#ifdef NO_PERMIT
#define P_DEAD 0
#define P_ST(c) 1
#else
#define P_DEAD 1
#define P_ST(c) (cst[c]==CALLING)
#endif
#define CLAIM(l) (lst[l]==NEW && due[l] && nc<MC && !stop && C_DEC(l) && C_NUM && (NOANS(l) || PDUE(l)) && !LISTED)
#define PERMIT(c) (!stop && P_NUM(c) && P_REV(c) && P_ST(c) && P_AGE(c) && (NOANS(cl[c]) || (PDIAL(c) && PDUE(cl[c]))) && P_LIST)

/* Of a group: what its second member is asked once the first has been written, or was before. All leads here have one number. */
#ifdef NO_GCLAIM
#define C_AFTER(l) 1
#else
#define C_AFTER(l) CLAIM(l)
#endif
#ifdef NO_GPERMIT
#define P_AFTER(c) 1
#else
#define P_AFTER(c) PERMIT(c)
#endif

#ifdef PROM
#define FORPROM(l) pc[nc] = PDUE(l);
#else
#define FORPROM(l)
#endif
inline claim(l) { cl[nc] = l; FORPROM(l) cst[nc] = CALLING; busy[nc] = 1; due[l] = 0; hold[nc] = 1; nc++ }

#ifdef NO_TOKEN
#define C_TOKEN(c) 1
#else
#define C_TOKEN(c) (ph[c]==0)
#endif
#ifdef LONGMAX
#define C_LONG(c) (!orph[c])
#else
#define C_LONG(c) 1
#endif
#ifdef FIX_LATE
#define C_LATE(c) (!UNDEC(cl[c]))
#else
#define C_LATE(c) NEWEST(c)
#endif
#ifdef NO_NEWEST
#define C_NEWEST(c) 1
#else
#define C_NEWEST(c) NEWEST(c)
#endif
#ifdef NO_OPM
#define C_OPM(c) 1
#define FIXOPM 0
#else
#define C_OPM(c) (c >= opm[cl[c]])
#define FIXOPM 1
#endif
#ifdef FIX_RING
#define C_RING(c) (!dec[c])
#define DEADR(c) evR[c] = 0;
#else
#define C_RING(c) 1
#define DEADR(c)
#endif

/* ---------- everything about one call that is not a dispatcher's own sequence ---------- */
inline decide(c) {                      /* one transaction, lead row locked */
  if
#ifndef NO_DECIDED
  :: dec[c] -> skip
#endif
  :: else ->
     dec[c] = 1; DEADR(c)
     if :: ctb[c] -> ctb[c] = 0 :: else -> busy[c] = 0 fi;
#ifdef PROM
#ifndef NO_PKEPT
     if :: pc[c] && prm[cl[c]]==1 && !nd[c] -> prm[cl[c]] = 2 :: else fi;
#endif
     if :: asks[c] && prm[cl[c]]==0 -> if :: dnc -> prm[cl[c]] = 2 :: else -> prm[cl[c]] = 1; pfree++ fi :: else fi;
     asks[c] = 0;
#endif
     if
     :: PDUE(cl[c]) -> lst[cl[c]] = NEW; due[cl[c]] = 1            /* whatever else its lead was: a retry, answered, given up */
     :: !PDUE(cl[c]) && !C_NEWEST(c) -> skip
     :: else ->
        if
        :: ANSWERS(cl[c]) -> lst[cl[c]] = DISP
        :: !ANSWERS(cl[c]) && cst[c]==CFAIL && nd[c] && pb[cl[c]] < PBMAX -> pb[cl[c]]++;
             if :: lst[cl[c]]!=FAILED -> lst[cl[c]] = NEW; due[cl[c]] = 1 :: else fi
        :: !ANSWERS(cl[c]) && cst[c]==CFAIL && !nd[c] && PDIAL(c) ->                    /* a promise spends no retry */
             if :: rc[cl[c]] > MAXR -> lst[cl[c]] = FAILED :: else -> lst[cl[c]] = NEW; due[cl[c]] = 1 fi
        :: !ANSWERS(cl[c]) && cst[c]==CFAIL && !(nd[c] && pb[cl[c]] < PBMAX) && !(PDIAL(c) && !nd[c]) ->
             rc[cl[c]]++; spent[c]++;
             CHK(S5, spent[c] <= 1);     /* S5 */
             if
#ifndef NO_SPENT
             :: rc[cl[c]] > MAXR -> lst[cl[c]] = FAILED
#endif
             :: else -> lst[cl[c]] = NEW; due[cl[c]] = 1
             fi
        :: else -> lst[cl[c]] = DISP    /* called, but its answers are from before the operator asked */
        fi
     fi
  fi }

#ifdef FIX_CT
#define X_CT(c) (!f_left[c] && f_dial[c]==0 && !f_ans[c])
#else
#define X_CT(c) 0
#endif
#ifdef FIX_LOOK
#define X_LOOK(c) f_stop[c]
#else
#define X_LOOK(c) 0
#endif
#ifdef FIX_CANCEL
#define X_CANCEL(c) (!f_ans[c] && f_dial[c]!=1)
#else
#define X_CANCEL(c) 0
#endif
#if defined(FIX_OFF) && defined(TAKENOFF)
#define X_OFF(c) (f_off[c] || (f_ans[c] && !f_left[c]))
#else
#define X_OFF(c) 0
#endif
#define C_CTB(c) ((f_ct[c] && !f_ans[c]) || X_CT(c) || X_LOOK(c) || X_CANCEL(c) || X_OFF(c))
#define CURED (f_left[c] && grace[c])
#ifdef FIX_AEND
#define OVER_A (CURED || (f_left[c] && f_aend[c] && (ans[c] || grace[c])))
#else
#define OVER_A (CURED || (f_aend[c] && (ans[c] || grace[c])))
#endif
#ifdef NO_DECIDED
#define EVF(c) evF[c] = 2;
#else
#define EVF(c)
#endif
inline settle(c, st, notdialled) {
  if
  :: ans[c] -> cst[c] = CALLED; evQ[c] = DUP
  :: else -> cst[c] = st; EVF(c) nd[c] = notdialled
  fi;
  ctb[c] = C_CTB(c);
  f_left[c]=0; f_ct[c]=0; f_ans[c]=0; f_dial[c]=0; f_aend[c]=0; grace[c]=0; whl[c]=0; ev[c]=0; aen[c]=0; look[c]=0; f_stop[c]=0; f_off[c]=0;
  if :: hold[c]==1 && P_DEAD -> hold[c] = 0 :: else fi }

proctype Call(byte c) {
end: do
  /* -- the dispatcher that claimed it: agent, permit, dial; may wait for ever or crash between any two -- */
  :: atomic { hold[c]==1 && PERMIT(c) -> hold[c] = 2; sent[c] = 1; ph[c] = 0;
       CHK(S9, !LISTED);                                                  /* S9: nobody on the list is permitted */
       CHK(S4, !ANSWERS(cl[c]) || PDIAL(c)) }                             /* S4 */
  :: d_step { hold[c]==1 && !sent[c] && !revk[c] && cst[c]==CALLING -> revk[c] = 1; ev[c] = 2 }   /* no agent: startup_failed, spent */
  :: d_step { hold[c]==2 -> hold[c] = 0; req[c] = 1 }
  :: d_step { hold[c]==2 -> hold[c] = 0; req[c] = 2 }                    /* crash, or the request is lost */
#ifdef REDIAL
  :: d_step { sent[c] && req[c]==2 && cst[c]==CALLING && ph[c]==0 -> req[c] = 1 }
#endif
  /* -- LiveKit; a result is reported (ev) or lost with its dispatcher, a webhook delivered or lost -- */
  :: atomic { (req[c]==1 && C_TOKEN(c)) -> req[c] = 2; leg[c] = RING; inv[c]++; ninv[cl[c]]++;
          CHK(S1, inv[c] <= 1);                                           /* S1 */
          CHK(S2, !PHONE(c));                                             /* S2 */
          CHK(S3, !acked);                                                /* S3 */
#ifdef STRICT4
          CHK(S4, !ANSWERS(cl[c]));                                       /* S4, to the INVITE */
#endif
#ifdef PROM
          if :: pc[c] -> pinv++ :: else fi;
#endif
          CHK(S10, PINV <= 1);                                            /* S10: a promise rings once */
          CHK(S6, ninv[cl[c]] <= MAXR + 1 + nops[cl[c]] + PEXTRA);          /* S6 */
          CHK(S8, SLOW || !CAPTURED(cl[c]) || PDIAL(c));                              /* S8: no fault of delivery, yet rung after a talk with answers */
          if :: evR[c] = DUP :: evR[c] = 0 fi }
  :: atomic { req[c]==1 -> req[c] = 2; if :: cst[c]==CALLING -> ev[c] = 1 :: skip fi }             /* refused: expired, 503 */
  :: atomic { leg[c]==RING -> leg[c] = GONE; if :: cst[c]==CALLING -> ev[c] = 2 :: skip fi;        /* busy, declined, rang out */
       if :: cst[c]==CALLING -> whl[c] = 1 :: skip fi }
  :: atomic { leg[c]==RING -> leg[c] = GONE; orph[c] = 1; if :: cst[c]==CALLING -> whl[c] = 3 :: skip fi }   /* bridge died */
  :: atomic { leg[c]==RING -> leg[c] = TALK; if :: cst[c]==CALLING -> ev[c] = 3 :: skip fi;
       if :: rep[c] = 0 :: rep[c] = 1; capt[c] = !SLOW fi;
#ifdef PROM
       if :: prm[cl[c]]==0 -> asks[c] = 1 :: skip fi;
#endif
       if :: aen[c] = 0 :: cst[c]==CALLING -> aen[c] = 1 fi }
  :: atomic { leg[c]==TALK -> leg[c] = GONE; if :: cst[c]==CALLING -> whl[c] = 2 :: skip fi }
#ifdef FALSEEND
  :: d_step { (leg[c]==RING || leg[c]==TALK) && cst[c]==CALLING && !fe && whl[c]==0 && !f_left[c] -> fe = 1; whl[c] = 4 }   /* our stop: 200, left/room_finished, and the bridge joins again */
#endif
#ifdef TAKENOFF
  :: atomic { leg[c]==TALK -> leg[c] = GONE; orph[c] = 1; if :: cst[c]==CALLING -> whl[c] = 5 :: skip fi }   /* its bridge had died, and the agent says goodbye */
#endif
#ifdef CANCELLOST
  :: atomic { leg[c]==RING -> leg[c] = GONE; orph[c] = 1; if :: cst[c]==CALLING -> ev[c] = 2 :: skip fi;        /* rang out, the one CANCEL is lost */
       if :: cst[c]==CALLING -> whl[c] = 1 :: skip fi }
#endif
  :: d_step { orph[c] -> orph[c] = 0 }                                   /* the provider's own limit */
  /* -- time -- */
  :: d_step { nc>c && ph[c]==0 && (cst[c]==CALLING || req[c]==1 || hold[c]) -> ph[c] = 1 }
  :: d_step { ph[c]==1 && cst[c]==CALLING && leg[c]!=RING && leg[c]!=TALK && (SLOW || rep[c]==0) && C_LONG(c) -> ph[c] = 2 }
#ifdef NO_GRACE
  :: d_step { f_left[c] && !grace[c] -> grace[c] = 1 }
  :: d_step { f_aend[c] && !grace[c] -> grace[c] = 1 }
#else
  :: d_step { (f_left[c] || f_aend[c]) && !grace[c] && (SLOW || rep[c]==0) -> grace[c] = 1 }
#endif
  /* -- call-tracker -- */
  :: d_step { whl[c] -> if :: cst[c]==CALLING -> f_left[c] = 1; if :: whl[c]==2 -> f_ans[c] = 1 :: whl[c]==3 -> f_ct[c] = 1 :: whl[c]==4 -> f_stop[c] = 1 :: whl[c]==5 -> f_ans[c] = 1; f_off[c] = 1 :: else fi :: else fi; whl[c] = 0 }
  :: d_step { ev[c] -> if :: cst[c]==CALLING -> if :: ev[c]==3 -> f_ans[c] = 1 :: else -> f_dial[c] = ev[c] fi :: else fi; ev[c] = 0 }
  :: d_step { rep[c] -> rep[c]--; ans[c] = 1;
       if :: cst[c]==CALLING -> f_ans[c] = 1
          :: cst[c]==CFAIL -> cst[c] = CALLED; evQ[c] = DUP
          :: else fi }
  :: d_step { aen[c] -> aen[c] = 0; if :: cst[c]==CALLING -> f_aend[c] = 1; f_ans[c] = 1 :: else fi }
  :: d_step { cst[c]==CALLING && f_dial[c]==1 -> settle(c, CFAIL, 1) }
  :: d_step { cst[c]==CALLING && f_dial[c]==2 && !f_ans[c] -> settle(c, CFAIL, 0) }
  :: d_step { cst[c]==CALLING && !f_ans[c] && CURED -> settle(c, CFAIL, 0) }
  :: d_step { cst[c]==CALLING && f_ans[c] && OVER_A -> settle(c, CFAIL, 0) }
#ifdef NO_GRACE
  :: d_step { cst[c]==CALLING && f_left[c] -> settle(c, CFAIL, 0) }
#endif
  :: d_step { cst[c]==CALLING && ph[c]==2 && !look[c] -> look[c] = 1 }    /* stale sweep: looks ... */
  :: d_step { cst[c]==CALLING && look[c] -> settle(c, CFAIL, 0) }         /* ... and writes later, conditional on the calls row */
  /* -- dispatcher: handlers and sweeps, any replica -- */
  :: d_step { cst[c]==CALLING && !sent[c] && !revk[c] -> revk[c] = 1; ev[c] = 1 }
  :: d_step { cst[c]>CALLING && !dec[c] -> decide(c) }                    /* sweep, or the event */
#ifdef NO_DECIDED
  :: d_step { evF[c] -> evF[c]--; decide(c) }                             /* call.failed, once more: with decided_at a no-op by its first line */
#endif
  :: d_step { evQ[c] -> evQ[c]--;                                         /* call.qualified */
       if
       :: !dec[c] -> decide(c)
       :: dec[c] && (ANSWERS(cl[c]) || !FIXOPM) && C_OPM(c) && C_LATE(c) && C_PROM(c) -> lst[cl[c]] = DISP
       :: else fi }
  :: d_step { evR[c] -> evR[c]--; FJ(c)                                    /* call.ringing: setLeadDispatched */
       if
       :: lst[cl[c]]==NEW && C_NEWEST(c) && C_RING(c) -> lst[cl[c]] = DISP;
            CHK(S7, NEWEST(c))                                                  /* S7: dispatched by an older call */
       :: else fi }
  :: d_step { busy[c] && dec[c] && !orph[c] && leg[c]!=RING && leg[c]!=TALK && (SLOW || rep[c]==0) -> busy[c] = 0 }              /* line_free_at, past the provider's limit, or what a phone stays off the hook */
  od }

proctype Claim() {                      /* whichever dispatcher */
end: do
  :: d_step { CLAIM(0) -> claim(0) }
#if NL > 1
  :: d_step { CLAIM(1) -> claim(1) }
  /* both in one transaction: decided one after the other, written together */
  :: d_step { CLAIM(0) && CLAIM(1) && nc+1<MC -> claim(0); if :: C_AFTER(1) -> claim(1) :: else fi }
#endif
  od }

#if NL > 1
/* permits of one process in one transaction, in either order */
inline permits(a, b) { hold[a] = 2; sent[a] = 1; ph[a] = 0;
  if :: P_AFTER(b) -> hold[b] = 2; sent[b] = 1; ph[b] = 0 :: else fi }
proctype Permits() {
end: do
  :: d_step { hold[0]==1 && hold[1]==1 && PERMIT(0) && PERMIT(1) -> permits(0, 1) }
  :: d_step { hold[0]==1 && hold[1]==1 && PERMIT(0) && PERMIT(1) -> permits(1, 0) }
  od }
#endif

proctype People() {
end: do
#ifdef PROM
  :: d_step { usednc && !dnc -> dnc = 1; if :: prm[0]==1 -> prm[0] = 2 :: else fi }
#endif
  :: d_step { usestop && !stop -> stop = 1
#ifndef FIX_STOP
       ; acked = 1
#endif
     }
#ifdef FIX_STOP
  :: d_step { stop && !acked && !(WAY(0) || WAY(1) || WAY(2) || WAY(3)) -> acked = 1 }
#endif
  :: d_step { ops>0 && lst[0]==FAILED -> ops--; nops[0]++; opm[0] = nc; lst[0] = NEW; due[0] = 1 }
  od }

#define SP(i,l) ((nc>i && cl[i]==l) -> spent[i] : 0)
#define ENDLEAD(l) \
  CHK(L1a, !UNDEC(l));                                                                   /* L1a  every call terminal and decided */ \
  CHK(L1b, lst[l]!=DISP || ANSWERS(l) || opm[l]>0);                                      /* L1b  dispatched, nobody will ring, no answers: a lost retry */ \
  CHK(L1c, lst[l]!=FAILED || !ANSWERS(l));                                               /* L1c  failed though answers are stored */ \
  CHK(L1d, lst[l]!=NEW || due[l]);                                                       /* L1d  due */ \
  CHK(L1e, lst[l]!=NEW || stop || nc>=MC || LISTED);                                               /* L1e  due and never taken */ \
  CHK(L1f, lst[l]!=NEW || !ANSWERS(l) || PDUE(l) || LISTED);                                                  /* L1f  waits for ever though answers are stored */ \
  CHK(L1i, !PDUE(l) || (lst[l]==NEW && due[l]));                                         /* L1i  a promise waits, and nobody would keep it */ \
  CHK(S5, rc[l] == SP(0,l) + SP(1,l) + SP(2,l) + SP(3,l));                              /* S5  */

init {
  atomic {
    usestop = STOP;
#ifdef PROM
    if :: usednc = 0 :: usednc = 1 fi;
#endif
#if OPS > 0
    if :: ops = 0 :: ops = OPS fi;
#endif
    run People(); run Claim();
#if NL > 1
    run Permits();
#endif
    run Call(0); run Call(1);
#if MC > 2
    run Call(2);
#endif
#if MC > 3
    run Call(3);
#endif
  }
  atomic { timeout -> ENDLEAD(0)
#if NL > 1
    ENDLEAD(1)
#else
    CHK(L1g, nops[0]==0 || nc>opm[0] || stop || nc>=MC);                                   /* L1g  the operator's wish was not swallowed */
#endif
    CHK(L1h, !stop || acked)                                                               /* L1h  */
  }
}
