"""The verbs the rules know, as plain data: whose work each is, and its odd forms."""

from __future__ import annotations

# verb -> (what it makes a node: effect, compute, reducer, orchestrator, or "-"; how sure, 1 to 3; who does it)
EFFECT_VERBS = """
write 3 writer; read 3 reader; send 3 sender; store 3 store; save 3 store; persist 3 store; insert 3 writer;
upsert 3 writer; update 2 updater; delete 3 deleter; remove 1 remover; fetch 3 fetcher; download 3 downloader;
upload 3 uploader; publish 3 publisher; post 3 poster; push 2 pusher; pull 2 puller; query 3 reader; load 2 loader;
call 2 client; request 2 requester; get 1 reader; poll 3 poller; notify 3 notifier; email 3 mailer; mail 3 mailer;
charge 3 charger; pay 2 payer; print 2 printer; archive 3 archiver; sync 3 sync; synchronize 3 synchronizer;
import 3 importer; export 3 exporter; ship 2 shipper; forward 3 forwarder; relay 3 relay; stream 2 streamer;
scrape 3 scraper; crawl 3 crawler; ping 3 pinger; search 2 searcher; lookup 2 lookup; record 2 recorder; log 2 logger;
append 2 appender; register 2 registrar; reserve 2 reserver; schedule 1 scheduler; deploy 2 deployer;
provision 2 provisioner; invalidate 2 invalidator; cache 2 cache; talk 3 client; connect 2 connector;
integrate 2 connector; listen 1 listener; consume 1 consumer; subscribe 1 subscriber; watch 1 watcher;
monitor 2 monitor; move 2 mover; copy 1 copier; clone 2 cloner; purge 3 purger; ask 1 client; retrieve 3 retriever;
announce 2 announcer; broadcast 3 broadcaster; alert 3 alerter; deliver 2 deliverer; enqueue 3 enqueuer;
ingest 2 ingester; replicate 2 replicator; index 2 indexer; create 1 creator; transfer 2 transferer; cancel 1 canceller;
refund 2 refunder; backup 3 backup; book 1 booker; issue 1 issuer; serve 2 server; sign 1 signer; submit 3 submitter;
text 2 texter; tweet 3 tweeter; open 1 opener; close 1 closer; list 1 lister; manage 1 manager; provide 1 provider;
authenticate 2 authenticator; revoke 2 revoker; rotate 1 rotator; refresh 1 refresher; dispatch 2 dispatcher;
emit 1 emitter; handle 1 handler; access 2 client; capture 2 capturer; collect 1 collector; add 1 adder; put 2 writer;
mirror 2 mirror; restore 2 restorer; migrate 3 migrator; drop 1 remover; report 1 reporter; place 1 placer;
fax 3 faxer; dial 3 dialer; trigger 1 trigger; receive 1 receiver; populate 2 populator; dump 2 dumper; wipe 2 wiper;
unsubscribe 2 unsubscriber; block 1 blocker; enrol 1 enroller; execute 1 executor; clean_up 2 cleaner;
look_up 3 lookup; back_up 3 backup; set_up 1 creator; hit 1 client; contact 2 client; expose 1 gateway;
message 2 messenger; proxy 3 proxy; bill 1 biller; purchase 2 purchaser; order 1 orderer;
pass_on 2 forwarder; hand_over 1 forwarder; switch 1 switcher; control 1 controller; display 1 display;
install 2 installer; launch 2 launcher; start 1 starter; stop 1 stopper; restart 2 restarter; invite 2 inviter;
escalate 2 escalator; page 2 pager; ring 2 ringer; play 2 player; show 1 display; snapshot 2 snapshotter; probe 2 prober;
discover 1 discoverer; geocode 2 geocoder; dequeue 3 dequeuer; acknowledge 2 acknowledger; replay 2 replayer;
sweep 2 sweeper; expire 1 expirer; evict 2 evictor; warm 1 warmer; prefetch 2 prefetcher; seed 2 seeder; truncate 1 truncater;
rename 2 renamer; transmit 3 transmitter; exchange 1 exchanger; settle 1 settler; withdraw 2 withdrawer; deposit 2 depositor;
wire 2 wirer; debit 2 debiter; credit 1 creditor; release 1 releaser; rent 1 renter; onboard 1 onboarding; buy 2 buyer;
sell 2 seller; trade 1 trader; bid 1 bidder; file 1 filer; unlock 2 unlocker; lock 1 locker; process 1 processor;
attach 2 attacher; obtain 1 fetcher; stage 1 stager; commit 1 committer; operate 1 operator; host 1 host;
warn 2 warner; inform 2 notifier; remind 2 reminder; greet 1 greeter; reply 2 replier; respond 1 responder; chat 1 chatter;
roll_back 1 rollback;
pay_out 2 payer; send_out 3 sender;
confirm 1 confirmer; hire 1 recruiter; welcome 1 greeter; interview 0 interviewer; screen 0 screener; inspect 0 inspector;
pack 0 packer; train 0 trainer; audit 0 auditor; review 0 reviewer; throttle 1 throttler; retry 1 retrier; sftp 3 uploader; ftp 3 uploader; echo 1 echo;
"""
COMPUTE_VERBS = """
calculate 3 calculator; compute 3 calculator; validate 3 validator; parse 3 parser; convert 3 converter;
transform 3 transformer; format 3 formatter; check 3 checker; verify 2 verifier; score 3 scorer; rate 2 rater;
classify 3 classifier; detect 2 detector; compare 3 comparer; sort 3 sorter; filter 3 filter; map 2 mapper;
merge 2 merger; split 3 splitter; encode 3 encoder; decode 3 decoder; encrypt 3 encryptor; decrypt 3 decryptor;
hash 3 hasher; normalize 3 normalizer; clean 2 cleaner; strip 3 stripper; extract 2 extractor; tokenize 3 tokenizer;
render 3 renderer; generate 2 generator; derive 3 deriver; determine 3 calculator; estimate 3 estimator;
predict 3 predictor; evaluate 3 evaluator; apply 2 applier; match 2 matcher; translate 3 translator;
summarize 2 summarizer; rank 3 ranker; resize 3 resizer; scale 2 scaler; compress 2 compressor; round 3 rounder;
multiply 3 multiplier; add 2 adder; subtract 3 subtractor; divide 3 divider; turn 2 converter; enrich 2 enricher;
deduplicate 3 deduplicator; group 2 grouper; pick 2 picker; select 2 selector; choose 2 chooser; find 1 finder;
simulate 3 simulator; solve 3 solver; optimize 3 optimizer; analyze 3 analyzer; diff 3 differ; shuffle 3 shuffler;
interpolate 3 interpolator; escape 3 escaper; replace 2 replacer; tag 2 tagger; redact 3 redactor; mask 3 masker;
sanitize 3 sanitizer; flatten 3 flattener; return 1 calculator; decide 2 decider; infer 3 inferrer; label 2 labeler;
assess 2 assessor; measure 1 meter; reverse 3 reverser; trim 3 trimmer; combine 2 combiner; quote 1 quoter;
price 2 pricer; recommend 2 recommender; suggest 2 suggester; categorize 3 categorizer; segment 2 segmenter;
cluster 3 clusterer; crop 3 cropper; rotate 1 rotator; obfuscate 3 obfuscator; anonymize 3 anonymizer;
serialize 2 serializer; deserialize 2 deserializer; reformat 3 formatter; lint 3 linter; restructure 3 restructurer;
test 1 tester; spell 1 speller; guess 2 guesser; adjust 2 adjuster; work_out 3 calculator; send_back 1 returner; figure_out 3 calculator;
break_down 2 splitter; look_for 1 finder; assign 1 assigner; allocate 1 allocator; distribute 1 distributor;
partition 2 partitioner; compose 2 composer; build 1 builder; produce 1 producer; recalculate 3 calculator;
minify 3 minifier; uppercase 3 uppercaser; lowercase 3 lowercaser; slugify 3 slugifier; crunch 3 cruncher;
approximate 3 approximator; project 1 projector; identify 2 identifier; recognize 3 recognizer; reconcile 2 reconciler;
pseudonymize 3 pseudonymizer; unzip 2 unzipper; zip 2 zipper; flag 1 flagger; give 0 giver; take 0 taker; accept 0 accepter;
standardize 3 standardizer; scan 1 scanner; balance 1 balancer; correct 2 corrector; mix 2 mixer; draw 1 drawer;
forecast 3 forecaster; grade 2 grader; weigh 2 weigher; bucket 2 bucketer; chunk 3 chunker; slice 3 slicer;
concatenate 3 concatenator; concat 3 concatenator; join 2 joiner; intersect 3 intersector; prune 2 pruner; clip 3 clipper;
clamp 3 clamper; pad 3 padder; align 3 aligner; flip 3 flipper; invert 3 inverter; transpose 3 transposer;
factorize 3 factorizer; differentiate 3 differentiator; vectorize 3 vectorizer; embed 2 embedder; stem 3 stemmer;
lemmatize 3 lemmatizer; spellcheck 3 spellchecker; compile 3 compiler; transpile 3 transpiler; interpret 2 interpreter;
prettify 3 prettifier; beautify 3 beautifier; unescape 3 unescaper; substitute 3 substituter; highlight 3 highlighter;
annotate 2 annotator; fingerprint 3 fingerprinter; dedupe 3 deduplicator; dedup 3 deduplicator; pair 2 pairer;
plan 2 planner; route 2 router; prioritize 3 prioritizer; triage 2 triager; resolve 1 resolver; deduce 3 deducer;
ensure 2 checker; enforce 2 enforcer; assert 3 asserter; debounce 1 debouncer; sample 2 sampler; downsample 3 downsampler;
smooth 3 smoother; denoise 3 denoiser; blur 3 blurrer; sharpen 3 sharpener; watermark 2 watermarker; transcode 2 transcoder;
expand 2 expander; shorten 2 shortener; abbreviate 3 abbreviator; capitalize 3 capitalizer; swap 2 swapper; fill 1 filler;
tell 1 teller; say 1 teller; judge 3 judge; rewrite 2 rewriter; reorder 2 reorderer; permute 3 permuter; discount 2 discounter; tax 2 taxer; amortize 3 amortizer; quantize 3 quantizer;
subset 2 subsetter; wrap 2 wrapper; unwrap 2 unwrapper; zero 1 zeroer; lower 1 lowerer; raise 1 raiser; boil_down 2 summarizer; break_up 3 splitter; point_out 2 detector; spot 2 detector;
recover 1 recoverer; reject 1 rejecter; approve 1 approver; distinguish 3 classifier; separate 2 separator; adapt 1 adapter;
"""
REDUCER_VERBS = """
count 3 counter; accumulate 3 accumulator; aggregate 3 aggregator; sum 2 totals; tally 3 tally; total 2 totals;
keep 2 keeper; track 3 tracker; maintain 2 keeper; fold 3 folder; remember 3 memory; average 3 average;
sum_up 3 totals; add_up 2 totals; keep_track 3 tracker; reduce 2 reducer; tot_up 3 totals; roll_up 3 rollup;
materialize 2 view; hold 1 keeper; increment 3 counter; decrement 3 counter; memorize 3 memory; gather 1 gatherer;
tot 2 totals; build_up 2 keeper; summate 2 totals; increase 1 counter;
decrease 1 counter; accrue 3 accumulator;
"""
ORCHESTRATOR_VERBS = """
orchestrate 5 workflow; coordinate 4 coordinator; run 1 runner; chain 3 chain; sequence 2 sequence;
choreograph 3 workflow; drive 1 driver; oversee 2 coordinator; steer 2 coordinator; guide 1 guide; automate 1 automation; supervise 2 coordinator; conduct 2 coordinator;
walk_through 3 workflow;
"""

# Spellings that mean the same.
SPELLINGS = {
    "normalise": "normalize", "summarise": "summarize", "tokenise": "tokenize", "sanitise": "sanitize",
    "synchronise": "synchronize", "optimise": "optimize", "analyse": "analyze", "categorise": "categorize",
    "anonymise": "anonymize", "serialise": "serialize", "recognise": "recognize", "memorise": "memorize",
    "standardise": "standardize", "pseudonymise": "pseudonymize", "materialise": "materialize",
    "cancelled": "canceled", "enroll": "enrol", "e-mail": "email",
}  # fmt: skip
IRREGULAR = {
    "written": "write", "wrote": "write", "sent": "send", "kept": "keep", "held": "hold", "built": "build",
    "found": "find", "chose": "choose", "chosen": "choose", "paid": "pay", "put": "put", "puts": "put",
    "split": "split", "drawn": "draw", "given": "give", "gave": "give", "took": "take", "taken": "take",
    "summed": "sum", "summing": "sum", "putting": "put", "getting": "get", "got": "get", "ran": "run", "running": "run",
    "splitting": "split", "mapping": "map", "mapped": "map", "shipping": "ship", "shipped": "ship",
    "stripping": "strip", "stripped": "strip", "logging": "log", "logged": "log", "tagging": "tag", "tagged": "tag",
    "formatting": "format", "submitting": "submit", "submitted": "submit", "emitting": "emit", "emitted": "emit",
    "dropping": "drop", "dropped": "drop", "cropping": "crop", "trimming": "trim", "totalling": "total",
    "cancelling": "cancel", "setting": "set", "planning": "plan", "scraping": "scrape", "chatting": "chat",
}  # fmt: skip
PARTICLES = {
    "work": {"out": "work_out"}, "figure": {"out": "figure_out"}, "sum": {"up": "sum_up"}, "add": {"up": "add_up"},
    "look": {"up": "look_up", "for": "look_for"}, "back": {"up": "back_up"}, "clean": {"up": "clean_up"},
    "keep": {"track": "keep_track"}, "break": {"down": "break_down", "up": "break_up"}, "tot": {"up": "tot_up"},
    "build": {"up": "build_up"}, "send": {"out": "send_out", "back": "send_back"}, "pay": {"out": "pay_out"}, "boil": {"down": "boil_down"},
    "walk": {"through": "walk_through"}, "point": {"out": "point_out"}, "fill": {"in": "fill"}, "spell": {},
    "roll": {"up": "roll_up", "back": "roll_back"}, "set": {"up": "set_up"}, "pass": {"on": "pass_on"}, "hand": {"over": "hand_over"},
}  # fmt: skip
