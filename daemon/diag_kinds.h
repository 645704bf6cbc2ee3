/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_DIAG_KINDS_H
#define DAEMON_DIAG_KINDS_H

/*
 * The kinds of things that the daemon tells its operator of, and what is told
 * with them: entented(8) shows both.
 *
 * A kind's MESSAGE_ID is what operators look for (sd-id128(3)): it never
 * changes, and a kind that is no more keeps its own.
 */

/* symbol, how grave, MESSAGE_ID, what it means */
#define DIAG_KINDS(X)                                                          \
    X(GENERAL, DIAG_INFO, "da32b18d65a64bbf93be614450de20d2",                  \
      "anything without a kind of its own; its priority says how "             \
      "grave it is")                                                           \
    X(START_FAILED, DIAG_ERROR, "28dac609664c49dbb02d7ddc465bd922",            \
      "the daemon could not start, and why")                                   \
    X(LISTENING, DIAG_INFO, "d68e66a39380472cb9cd9f49acb2b0e2",                \
      "an address is listened on")                                             \
    X(READY, DIAG_NOTICE, "6d88fac90b8147a5941d868a9620ac1a",                  \
      "clients are served")                                                    \
    X(STOPPING, DIAG_NOTICE, "51a542933d474d68b78de56feae59d50",               \
      "the daemon was asked to end")                                           \
    X(STOP_UNFINISHED, DIAG_WARNING, "83e0fd62a8eb48568a5aa81848c730a1",       \
      "clients did not take their last answers in time")                       \
    X(RELOADED, DIAG_NOTICE, "36c514aa360041e19cf437ef435570f0",               \
      "the configuration was read anew")                                       \
    X(RELOAD_REFUSED, DIAG_ERROR, "9c1f247775b141a29b49508f54cc8c10",          \
      "the new configuration is wrong; the old one stays")                     \
    X(RELOAD_PARTLY, DIAG_WARNING, "7c1b0a8aa1594ffeb2ce4129f4952b0f",         \
      "part of the new configuration needs a restart")                         \
    X(ACCEPT_PAUSED, DIAG_WARNING, "0241e92f16454a47b40282939d56d1e7",         \
      "no descriptors or memory for another client; the others wait")          \
    X(CLIENT_REFUSED, DIAG_NOTICE, "e5352ba3baad43568ba807a9f59c61a1",         \
      "a client showed nothing that gives it a role")                          \
    X(CLIENT_FAULT, DIAG_NOTICE, "c753a49e42dd4e38afb4c98495d04869",           \
      "a client broke the protocol or was too slow, and was left")             \
    X(CLIENT_DROPPED, DIAG_WARNING, "ea87c7ec068648aa85f2c08b56f805be",        \
      "clients made the daemon hold too much; the largest was dropped")        \
    X(LOG_FAILED, DIAG_ERROR, "65ef6ae21e6246138a87ca5205e89a3c",              \
      "the log can no longer be written or read; the daemon ends")             \
    X(LOSS_ACCEPTED, DIAG_WARNING, "b335d614b0ee4d8ab1f7fe3183a41a67",         \
      "acknowledged events are lost, and the log goes on as it was told")      \
    X(EVENT_CORRUPT, DIAG_ERROR, "788aa0e81efb46379015ddce52a94ff9",           \
      "a stored event does not have its checksum; it is not served")           \
    X(CONSUMER_CORRUPT, DIAG_ERROR, "4954564e92b0496faa7078cad4ba159a",        \
      "a consumer's position does not have its checksum; it begins anew")      \
    X(VIEWS_DISCARDED, DIAG_NOTICE, "ed9024005fe9498295f8c9f5c6e1357e",        \
      "the views cannot be trusted and are made anew")                         \
    X(VIEWS_REBUILDING, DIAG_NOTICE, "45bb4a35d9b2407187f7a7abfb713396",       \
      "the views are made anew; most questions have to wait")                  \
    X(VIEWS_REBUILT, DIAG_NOTICE, "c669a8c37bbd4af9900775e1babed408",          \
      "the views are made; every question is answered again")                  \
    X(REBUILD_FAILED, DIAG_ERROR, "a21cd1dd83ea4feebee074d01a045a6d",          \
      "the views were not made anew; the old ones answer on")                  \
    X(VIEWS_FULL, DIAG_WARNING, "1fae9f22e81744a0be1277d857aa1653",            \
      "no room for the views; most questions have to wait")                    \
    X(VIEWS_FAILED, DIAG_ERROR, "fcdceb0ffcab4131b10b78252b380409",            \
      "the views can no longer be used; the daemon ends")                      \
    X(VIEWS_UNMARKED, DIAG_WARNING, "2e87d25fb4b64b3397bc2b409877eee2",        \
      "the next start may make the views anew")                                \
    X(BACKUP_MADE, DIAG_NOTICE, "17cb704ca3404468b9a7134266af8753",            \
      "a backup was made, and found whole")                                    \
    X(BACKUP_FAILED, DIAG_WARNING, "4d21e12c00dc4bc587ee890b8c79151b",         \
      "no backup was made, and why; nothing was left behind")                  \
    X(THREAD_STUCK, DIAG_ERROR, "50a330fd92fc4278990ab9a9daf52273",            \
      "a thread does not get on; the watchdog will restart the daemon")

/* symbol, field of the journal, what it holds */
#define DIAG_FIELDS(X)                                                         \
    X(POSITION, "ENTENTE_POSITION",                                            \
      "the position in the log that it is about")                              \
    X(URL, "ENTENTE_URL", "the address that it is about")                      \
    X(PEER, "ENTENTE_PEER",                                                    \
      "the client: its user and process, or its address")                      \
    X(PEER_UID, "ENTENTE_PEER_UID", "the client's user id, on a Unix socket")  \
    X(SUPPRESSED, "ENTENTE_SUPPRESSED",                                        \
      "how many messages about this client were left out before this "         \
      "one")                                                                   \
    X(ERRNO, "ERRNO", "the error number of the system")

#endif
