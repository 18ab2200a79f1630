/* SPDX-License-Identifier: ISC
 *
 * api.h - the handlers, one file per resource (docs/api.md).
 *
 * Each answers as reply.h says; request->words holds the variable parts of the path in their order.
 * Those of routes that take the body in pieces run before the body and set request->sink.
 */
#ifndef API_H
#define API_H

#include "request.h"

/* GET / : a small page with the first three commands. */
enum bough_err api_health_page(struct request *request);
/* GET /healthz : the process answers. */
enum bough_err api_health_live(struct request *request);
/* GET /readyz : the store is open and healthy, and how durable it is. */
enum bough_err api_health_ready(struct request *request);
/* GET /v1/version */
enum bough_err api_health_version(struct request *request);
/* GET /v1/stats */
enum bough_err api_health_stats(struct request *request);
/* GET /v1/config */
enum bough_err api_health_config(struct request *request);

/* GET /v1/b/{b}/k/{key...} */
enum bough_err api_key_get(struct request *request);
/* GET /v1/at/{rev}/k/{key...} */
enum bough_err api_key_get_at(struct request *request);
/* PUT /v1/b/{b}/k/{key...}, the body in pieces */
enum bough_err api_key_put(struct request *request);
/* DELETE /v1/b/{b}/k/{key...} */
enum bough_err api_key_delete(struct request *request);

/* GET /v1/b/{b}/keys */
enum bough_err api_list_branch(struct request *request);
/* GET /v1/at/{rev}/keys */
enum bough_err api_list_at(struct request *request);

/* GET /v1/b/{b}/history/{key...} : the commits that changed a key or a directory */
enum bough_err api_history_get(struct request *request);
/* GET /v1/b/{b}/blame : the commit that each key is from */
enum bough_err api_history_blame(struct request *request);

/* POST /v1/b/{b}/txn */
enum bough_err api_txn_post(struct request *request);

/* POST /v1/b/{b}/merge : merge into the branch, or go on with the merge in progress */
enum bough_err api_merge_post(struct request *request);
/* GET /v1/b/{b}/merge : the merge in progress, and its open conflicts */
enum bough_err api_merge_get(struct request *request);
/* DELETE /v1/b/{b}/merge : gives it up */
enum bough_err api_merge_delete(struct request *request);
/* PUT /v1/b/{b}/merge {"undelete":true} : the merge that was given up last, once more */
enum bough_err api_merge_put(struct request *request);

/* GET /v1/merges : all that are in progress */
enum bough_err api_merge_list(struct request *request);
/* GET /v1/merge-base?a=&b= */
enum bough_err api_merge_base_get(struct request *request);

/* POST /v1/b/{b}/cherry-pick */
enum bough_err api_rewrite_pick(struct request *request);
/* POST /v1/b/{b}/revert */
enum bough_err api_rewrite_revert(struct request *request);
/* POST /v1/b/{b}/squash */
enum bough_err api_rewrite_squash(struct request *request);
/* POST /v1/b/{b}/rebase */
enum bough_err api_rewrite_rebase(struct request *request);
/* POST /v1/b/{b}/reset */
enum bough_err api_rewrite_reset(struct request *request);

/* GET /v1/diff?from=&to= */
enum bough_err api_diff_get(struct request *request);

/* GET /v1/branches */
enum bough_err api_branch_list(struct request *request);
/* GET /v1/branches/{b} */
enum bough_err api_branch_get(struct request *request);
/* PUT /v1/branches/{b} : a new branch */
enum bough_err api_branch_put(struct request *request);
/* PATCH /v1/branches/{b} : move it */
enum bough_err api_branch_patch(struct request *request);
/* DELETE /v1/branches/{b} */
enum bough_err api_branch_delete(struct request *request);

/* GET /v1/branches/{b}/log */
enum bough_err api_reflog_branch(struct request *request);
/* GET /v1/tags/{t}/log */
enum bough_err api_reflog_tag(struct request *request);
/* GET /v1/reflog : the refs that have a log, and how much is kept */
enum bough_err api_reflog_list(struct request *request);
/* PUT /v1/reflog : how much is kept */
enum bough_err api_reflog_put(struct request *request);
/* DELETE /v1/reflog : drops all of it */
enum bough_err api_reflog_clear(struct request *request);

/* GET /v1/retention */
enum bough_err api_retention_get(struct request *request);
/* PUT /v1/retention : replaces all policies */
enum bough_err api_retention_put(struct request *request);
/* GET /v1/protection */
enum bough_err api_protection_get(struct request *request);
/* PUT /v1/protection : replaces all rules */
enum bough_err api_protection_put(struct request *request);

/* GET /v1/tags */
enum bough_err api_tag_list(struct request *request);
/* GET /v1/tags/{t} */
enum bough_err api_tag_get(struct request *request);
/* PUT /v1/tags/{t} */
enum bough_err api_tag_put(struct request *request);
/* DELETE /v1/tags/{t} */
enum bough_err api_tag_delete(struct request *request);

/* GET /v1/commits */
enum bough_err api_log_list(struct request *request);
/* GET /v1/commits/{rev} */
enum bough_err api_log_get(struct request *request);

/* POST /v1/admin/gc : collect what is garbage */
enum bough_err api_job_gc(struct request *request);
/* POST /v1/admin/scrub : read and check everything; 202 with the job */
enum bough_err api_job_scrub(struct request *request);
/* GET /v1/admin/dump?since=&offset= : a dump */
enum bough_err api_dump_get(struct request *request);
/* GET /v1/admin/objects : the root of the state */
enum bough_err api_object_state(struct request *request);
/* GET /v1/admin/objects/{name}?at= : one object */
enum bough_err api_object_get(struct request *request);
/* GET /v1/jobs/{id} : how far it is */
enum bough_err api_job_get(struct request *request);
/* DELETE /v1/jobs/{id} : give it up */
enum bough_err api_job_delete(struct request *request);

/* GET /{repo}.git/info/refs?service= */
enum bough_err api_git_refs(struct request *request);
/* POST /{repo}.git/git-upload-pack, the body in pieces */
enum bough_err api_git_upload(struct request *request);
/* POST /{repo}.git/git-receive-pack, the body in pieces */
enum bough_err api_git_receive(struct request *request);
/* GET /{repo}/bundle */
enum bough_err api_git_bundle(struct request *request);
/* What the protocol without a smart server would read: refused in words that help. */
enum bough_err api_git_dumb(struct request *request);

#endif
