CREATE TABLE `session` (
          `id` text PRIMARY KEY,
          `project_id` text NOT NULL,
          `workspace_id` text,
          `parent_id` text,
          `slug` text NOT NULL,
          `directory` text NOT NULL,
          `path` text,
          `title` text NOT NULL,
          `version` text NOT NULL,
          `share_url` text,
          `summary_additions` integer,
          `summary_deletions` integer,
          `summary_files` integer,
          `summary_diffs` text,
          `metadata` text,
          `cost` real DEFAULT 0 NOT NULL,
          `tokens_input` integer DEFAULT 0 NOT NULL,
          `tokens_output` integer DEFAULT 0 NOT NULL,
          `tokens_reasoning` integer DEFAULT 0 NOT NULL,
          `tokens_cache_read` integer DEFAULT 0 NOT NULL,
          `tokens_cache_write` integer DEFAULT 0 NOT NULL,
          `revert` text,
          `permission` text,
          `agent` text,
          `model` text,
          `time_created` integer NOT NULL,
          `time_updated` integer NOT NULL,
          `time_compacting` integer,
          `time_archived` integer,
          CONSTRAINT `fk_session_project_id_project_id_fk` FOREIGN KEY (`project_id`) REFERENCES `project`(`id`) ON DELETE CASCADE
        );
CREATE TABLE `message` (
          `id` text PRIMARY KEY,
          `session_id` text NOT NULL,
          `time_created` integer NOT NULL,
          `time_updated` integer NOT NULL,
          `data` text NOT NULL,
          CONSTRAINT `fk_message_session_id_session_id_fk` FOREIGN KEY (`session_id`) REFERENCES `session`(`id`) ON DELETE CASCADE
        );
CREATE TABLE `part` (
          `id` text PRIMARY KEY,
          `message_id` text NOT NULL,
          `session_id` text NOT NULL,
          `time_created` integer NOT NULL,
          `time_updated` integer NOT NULL,
          `data` text NOT NULL,
          CONSTRAINT `fk_part_message_id_message_id_fk` FOREIGN KEY (`message_id`) REFERENCES `message`(`id`) ON DELETE CASCADE
        );
CREATE INDEX `message_session_time_created_id_idx` ON `message` (`session_id`,`time_created`,`id`);
CREATE INDEX `part_message_id_id_idx` ON `part` (`message_id`,`id`);
INSERT INTO session VALUES ('ses_dfcb487deffevv0UhKnqnsXPqm','global',NULL,NULL,'kind-knight','/home/user/project','home/user/project','A fake title','1.18.33',NULL,0,0,0,NULL,NULL,0.0,3,3,0,0,0,NULL,NULL,'build','{"id":"fake-model","providerID":"fake"}',1795351607344,1795351639538,NULL,NULL);
INSERT INTO message VALUES ('msg_2034b79ca001Gex0P6trWsAAKa','ses_dfcb487deffevv0UhKnqnsXPqm',1795351607754,1795351628550,'{"role":"user","time":{"created":1795351607754},"agent":"build","model":{"providerID":"fake","modelID":"fake-model"},"summary":{"diffs":[]}}');
INSERT INTO message VALUES ('msg_2034b7b82001XfVsG9WOJra3mG','ses_dfcb487deffevv0UhKnqnsXPqm',1795351608194,1795351628314,'{"parentID":"msg_2034b79ca001Gex0P6trWsAAKa","role":"assistant","mode":"build","agent":"build","path":{"cwd":"/home/user/project","root":"/"},"cost":0,"tokens":{"total":2,"input":1,"output":1,"reasoning":0,"cache":{"write":0,"read":0}},"modelID":"fake-model","providerID":"fake","time":{"created":1795351608194,"completed":1795351628284},"finish":"stop"}');
INSERT INTO message VALUES ('msg_2034bd6de0011DOiCChay3BlEn','ses_dfcb487deffevv0UhKnqnsXPqm',1795351631582,1795351637908,'{"role":"user","time":{"created":1795351631582},"agent":"build","model":{"providerID":"fake","modelID":"fake-model"},"summary":{"diffs":[]}}');
INSERT INTO message VALUES ('msg_2034bdd640013QJv43SdfRvkHP','ses_dfcb487deffevv0UhKnqnsXPqm',1795351633252,1795351636630,'{"parentID":"msg_2034bd6de0011DOiCChay3BlEn","role":"assistant","mode":"build","agent":"build","path":{"cwd":"/home/user/project","root":"/"},"cost":0,"tokens":{"total":2,"input":1,"output":1,"reasoning":0,"cache":{"write":0,"read":0}},"modelID":"fake-model","providerID":"fake","time":{"created":1795351633252,"completed":1795351636557},"finish":"tool-calls"}');
INSERT INTO message VALUES ('msg_2034beacb001KUM5KXf4t5JNle','ses_dfcb487deffevv0UhKnqnsXPqm',1795351636683,1795351637814,'{"parentID":"msg_2034bd6de0011DOiCChay3BlEn","role":"assistant","mode":"build","agent":"build","path":{"cwd":"/home/user/project","root":"/"},"cost":0,"tokens":{"total":2,"input":1,"output":1,"reasoning":0,"cache":{"write":0,"read":0}},"modelID":"fake-model","providerID":"fake","time":{"created":1795351636683,"completed":1795351637774},"finish":"stop"}');
INSERT INTO message VALUES ('msg_2034bf4f6001xdp1Hwzd18Jx9j','ses_dfcb487deffevv0UhKnqnsXPqm',1795351639286,1795351639544,'{"role":"user","time":{"created":1795351639286},"agent":"build","model":{"providerID":"fake","modelID":"fake-model"},"summary":{"diffs":[]}}');
INSERT INTO message VALUES ('msg_2034bf58d001uLgQXvwsj2EyWE','ses_dfcb487deffevv0UhKnqnsXPqm',1795351639437,1795351641460,'{"parentID":"msg_2034bf4f6001xdp1Hwzd18Jx9j","role":"assistant","mode":"build","agent":"build","path":{"cwd":"/home/user/project","root":"/"},"cost":0,"tokens":{"input":0,"output":0,"reasoning":0,"cache":{"read":0,"write":0}},"modelID":"fake-model","providerID":"fake","time":{"created":1795351639437,"completed":1795351641459},"error":{"name":"MessageAbortedError","data":{"message":"Aborted"}}}');
INSERT INTO part VALUES ('prt_2034b7a19001k804pfaG2Z36fQ','msg_2034b79ca001Gex0P6trWsAAKa','ses_dfcb487deffevv0UhKnqnsXPqm',1795351607911,1795351607913,'{"type":"text","text":"hello one"}');
INSERT INTO part VALUES ('prt_2034bc8970014kfo2zVyGfyMHx','msg_2034b7b82001XfVsG9WOJra3mG','ses_dfcb487deffevv0UhKnqnsXPqm',1795351627927,1795351627951,'{"type":"step-start"}');
INSERT INTO part VALUES ('prt_2034bc8c7001GgGLxDMDLyB8V0','msg_2034b7b82001XfVsG9WOJra3mG','ses_dfcb487deffevv0UhKnqnsXPqm',1795351627975,1795351628091,'{"type":"text","text":"echo: hello one","time":{"start":1795351627975,"end":1795351628062}}');
INSERT INTO part VALUES ('prt_2034bc96e001UT7nMf3au4zbt9','msg_2034b7b82001XfVsG9WOJra3mG','ses_dfcb487deffevv0UhKnqnsXPqm',1795351628143,1795351628144,'{"reason":"stop","type":"step-finish","tokens":{"total":2,"input":1,"output":1,"reasoning":0,"cache":{"write":0,"read":0}},"cost":0}');
INSERT INTO part VALUES ('prt_2034bd6df001NIri33HEitFqh0','msg_2034bd6de0011DOiCChay3BlEn','ses_dfcb487deffevv0UhKnqnsXPqm',1795351631585,1795351631673,'{"type":"text","text":"say: I **first** look.\ntool: sh work.sh"}');
INSERT INTO part VALUES ('prt_2034be0c4001bHfy1oiTy5rIo2','msg_2034bdd640013QJv43SdfRvkHP','ses_dfcb487deffevv0UhKnqnsXPqm',1795351634116,1795351634130,'{"type":"step-start"}');
INSERT INTO part VALUES ('prt_2034be0d5001HIwffy2ilkt9xG','msg_2034bdd640013QJv43SdfRvkHP','ses_dfcb487deffevv0UhKnqnsXPqm',1795351634133,1795351634408,'{"type":"text","text":"I **first** look.","time":{"start":1795351634133,"end":1795351634407}}');
INSERT INTO part VALUES ('prt_2034be116001UqT44gDwLFdDyR','msg_2034bdd640013QJv43SdfRvkHP','ses_dfcb487deffevv0UhKnqnsXPqm',1795351634198,1795351636415,'{"type":"tool","tool":"bash","callID":"call_3_0","state":{"status":"completed","input":{"command":"sh work.sh"},"output":"the work is done\n","metadata":{"output":"the work is done\n","exit":0,"truncated":false},"title":"sh work.sh","time":{"start":1795351634323,"end":1795351636376}}}');
INSERT INTO part VALUES ('prt_2034be9e5001HF1D1ACBawf58B','msg_2034bdd640013QJv43SdfRvkHP','ses_dfcb487deffevv0UhKnqnsXPqm',1795351636477,1795351636479,'{"reason":"tool-calls","type":"step-finish","tokens":{"total":2,"input":1,"output":1,"reasoning":0,"cache":{"write":0,"read":0}},"cost":0}');
INSERT INTO part VALUES ('prt_2034bee68001ao57Qq03OgKJOB','msg_2034beacb001KUM5KXf4t5JNle','ses_dfcb487deffevv0UhKnqnsXPqm',1795351637608,1795351637641,'{"type":"step-start"}');
INSERT INTO part VALUES ('prt_2034bee8d001QyoqdAuOCmkltN','msg_2034beacb001KUM5KXf4t5JNle','ses_dfcb487deffevv0UhKnqnsXPqm',1795351637646,1795351637698,'{"type":"text","text":"the tool said: the work is done\n","time":{"start":1795351637645,"end":1795351637649}}');
INSERT INTO part VALUES ('prt_2034beece0012WItp0qIzO76ak','msg_2034beacb001KUM5KXf4t5JNle','ses_dfcb487deffevv0UhKnqnsXPqm',1795351637710,1795351637711,'{"reason":"stop","type":"step-finish","tokens":{"total":2,"input":1,"output":1,"reasoning":0,"cache":{"write":0,"read":0}},"cost":0}');
INSERT INTO part VALUES ('prt_2034bf4f700162UHN0vQHHRw5O','msg_2034bf4f6001xdp1Hwzd18Jx9j','ses_dfcb487deffevv0UhKnqnsXPqm',1795351639308,1795351639314,'{"type":"text","text":"count: 8 hold: 4"}');
INSERT INTO part VALUES ('prt_2034bf87a0014F7FFcZMhJzymj','msg_2034bf58d001uLgQXvwsj2EyWE','ses_dfcb487deffevv0UhKnqnsXPqm',1795351640186,1795351640188,'{"type":"step-start"}');
INSERT INTO part VALUES ('prt_2034bf8aa001r5TCXLLnWfB5XZ','msg_2034bf58d001uLgQXvwsj2EyWE','ses_dfcb487deffevv0UhKnqnsXPqm',1795351640234,1795351641453,'{"type":"text","text":"answer line 0001\nanswer line 0002\nanswer line 0003\nanswer line 0004\n","time":{"start":1795351640234,"end":1795351641442}}');
