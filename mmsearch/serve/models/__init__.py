"""The shapes of requests and answers as OpenAPI describes them; tests hold them against what `mmsearch.wire` makes."""
