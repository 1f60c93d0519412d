"""The gates of stage 5: each looks at a node's files in memory and yields what is wrong."""
