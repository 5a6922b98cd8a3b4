namespace tallfit::app {}
