namespace tallfit::estimate {}
